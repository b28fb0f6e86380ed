"""An account keeps its own applications, and nobody else's; secrets overlap for as long as was said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directca.accounts import accounts, people
from directca.accounts.member import Member
from directca.accounts.people import NewPerson
from directca.accounts.people_errors import SessionEnded
from directca.accounts.person import Role
from directca.accounts.role_errors import NotPermitted
from directca.oauth import applications, own_applications, scopes
from directca.oauth.applications import Registered
from directca.oauth.errors import (
    BadApplication,
    BadRedirectUri,
    NoSuchApplication,
    StoppedByAuthority,
    TooManyApplications,
)
from directca.oauth.model import ClientStatus
from directca.oauth.own_applications import Changes, Wanted
from tests.unit.oauth.world import NEW_APP, World, error_of

PORTAL = Wanted("Portal", ("https://portal.example/back",))
OPERATOR = "operator:test"


def somebody(world: World, name: str, *roles: Role, account_id: str | None = None) -> Member:
    new = NewPerson(account_id or world.person.account_id, name, name, "a long enough pass phrase", frozenset(roles))
    return Member(new.account_id, people.create(world.people, new, actor=OPERATOR).id)


def keeper(world: World, account_id: str | None = None) -> Member:
    return somebody(world, f"keeper.{account_id or 'own'}"[:40], Role.ACCOUNT_ADMINISTRATOR, account_id=account_id)


def stranger(world: World) -> Member:
    with world.oauth.database.write() as tx:
        now = world.clock.now()
        other = accounts.open_account(tx, "Other", actor=OPERATOR, at=now, random=world.oauth.random)
    return keeper(world, other.id)


def of(made: Registered) -> str:
    return made.client.client_id


def authenticates(world: World, app: Registered, secret: str | None) -> bool:
    """Whether the secret is good: it is what introspection asks for first."""
    return world.introspect("unknown", app, client_secret=secret).status == 200


def test_what_is_made_belongs_to_the_account_whatever_is_said(world: World) -> None:
    who = keeper(world)
    made = own_applications.create(world.oauth, who, PORTAL)
    assert (made.client.account_id, made.client.owner_name) == (who.account_id, "Example Clinic")
    assert made.client.scopes == scopes.OF_ACCOUNT
    assert scopes.ACCOUNT_MANAGE not in made.client.scopes
    assert own_applications.of_account(world.oauth, who) == (made.client,)
    assert authenticates(world, made, made.secret)


@pytest.mark.parametrize("scope", [*sorted(scopes.OFFICERS), "openid", ""])
def test_nothing_beyond_the_account_can_be_given(world: World, scope: str) -> None:
    with pytest.raises(BadApplication):
        own_applications.create(world.oauth, keeper(world), replace(PORTAL, scopes=(scopes.TUSER_ACCOUNT, scope)))


@pytest.mark.parametrize(
    "uri", ["http://portal.example/back", "https://portal.example/#x", "https://*.example/", "javascript:alert(1)", "/back"]
)
def test_redirect_uris_keep_the_rules_when_made_and_when_changed(world: World, uri: str) -> None:
    who = keeper(world)
    with pytest.raises(BadRedirectUri):
        own_applications.create(world.oauth, who, replace(PORTAL, redirect_uris=(uri,)))
    made = own_applications.create(world.oauth, who, PORTAL)
    with pytest.raises(BadRedirectUri):
        own_applications.change(world.oauth, who, of(made), Changes(redirect_uris=(uri,)))
    assert own_applications.one(world.oauth, who, of(made)) == made.client


def test_codes_that_were_sent_to_an_old_redirect_uri_are_good_no_more(world: World) -> None:
    who = keeper(world)
    app = world.another_app(account_id=who.account_id, redirect_uris=("https://a.example/", "https://b.example/"))
    kept, gone = (world.code(app, redirect_uri=uri) for uri in app.client.redirect_uris)
    own_applications.change(world.oauth, who, of(app), Changes(redirect_uris=("https://a.example/", "https://c.example/")))
    assert error_of(world.redeem(gone, app)) == (400, "invalid_grant")
    assert world.redeem(kept, app).status == 200


def test_an_old_secret_is_good_for_the_overlap_and_not_a_moment_longer(world: World) -> None:
    who = keeper(world)
    first = own_applications.create(world.oauth, who, PORTAL)
    second = own_applications.rotate(world.oauth, who, of(first), timedelta(hours=2))
    assert all(authenticates(world, first, one.secret) for one in (first, second))
    assert not authenticates(world, first, "neither")
    world.clock.advance(hours=2, microseconds=-1)
    assert authenticates(world, first, first.secret)
    world.clock.advance(microseconds=1)
    assert not authenticates(world, first, first.secret)
    assert authenticates(world, first, second.secret)


def test_of_three_secrets_the_first_is_good_no_more_and_at_once_means_at_once(world: World) -> None:
    who = keeper(world)
    first = own_applications.create(world.oauth, who, PORTAL)
    second = own_applications.rotate(world.oauth, who, of(first), timedelta(hours=2))
    third = own_applications.rotate(world.oauth, who, of(first), timedelta(hours=2))
    assert [authenticates(world, first, one.secret) for one in (first, second, third)] == [False, True, True]
    fourth = own_applications.rotate(world.oauth, who, of(first))
    assert [authenticates(world, first, one.secret) for one in (second, third, fourth)] == [False, False, True]
    assert not any(one.secret in str(world.journal()) for one in (first, second, third, fourth) if one.secret)


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_an_overlap_has_its_bounds(world: World, overlap: timedelta) -> None:
    who = keeper(world)
    made = own_applications.create(world.oauth, who, PORTAL)
    with pytest.raises(BadApplication):
        own_applications.rotate(world.oauth, who, of(made), overlap)
    assert authenticates(world, made, made.secret)


def test_what_the_account_stopped_it_lets_go_on_and_what_the_authority_stopped_it_does_not(world: World) -> None:
    who = keeper(world)
    made = own_applications.create(world.oauth, who, PORTAL)
    assert own_applications.disable(world.oauth, who, of(made)).status is ClientStatus.DISABLED
    assert not authenticates(world, made, made.secret)
    assert own_applications.enable(world.oauth, who, of(made)).active
    for before in ((), (own_applications.disable,)):  # whether or not the account had stopped it itself
        for verb in before:
            verb(world.oauth, who, of(made))
        applications.disable(world.oauth, of(made), actor=OPERATOR)
        own_applications.disable(world.oauth, who, of(made))
        with pytest.raises(StoppedByAuthority):
            own_applications.enable(world.oauth, who, of(made))
        applications.enable(world.oauth, of(made), actor=OPERATOR)


def test_an_application_of_another_account_is_as_one_that_does_not_exist(world: World) -> None:
    made = own_applications.create(world.oauth, keeper(world), PORTAL)
    other = stranger(world)
    before = world.journal()
    told = set()
    for client_id in (of(made), of(world.app), "nobody", "\0"):
        for verb in (
            lambda it: own_applications.one(world.oauth, other, it),
            lambda it: own_applications.change(world.oauth, other, it, Changes(name="Mine")),
            lambda it: own_applications.rotate(world.oauth, other, it),
            lambda it: own_applications.disable(world.oauth, other, it),
            lambda it: own_applications.enable(world.oauth, other, it),
        ):
            with pytest.raises(NoSuchApplication) as refusal:
                verb(client_id)
            told.add(refusal.value.detail)
    assert len(told) == 1
    assert own_applications.of_account(world.oauth, other) == ()
    assert world.journal() == before


def test_whoever_does_not_administer_the_account_looks_and_changes_nothing(world: World) -> None:
    made = own_applications.create(world.oauth, keeper(world), PORTAL)
    colleague = somebody(world, "colleague", Role.REPRESENTATIVE)
    assert own_applications.of_account(world.oauth, colleague) == (made.client,)
    with pytest.raises(NotPermitted):
        own_applications.rotate(world.oauth, colleague, of(made))
    with pytest.raises(NotPermitted):
        own_applications.create(world.oauth, colleague, PORTAL)


def test_a_person_of_another_account_is_nobody_here(world: World) -> None:
    """Whatever an edge says of the account: the person's own decides."""
    other = stranger(world)
    with pytest.raises(SessionEnded):
        own_applications.of_account(world.oauth, Member(world.person.account_id, other.person_id))


def test_an_account_has_so_many_applications(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_applications, "MOST_OF_ACCOUNT", 1)
    who = keeper(world)
    own_applications.create(world.oauth, who, PORTAL)
    with pytest.raises(TooManyApplications):
        own_applications.create(world.oauth, who, PORTAL)
    assert world.another_app(**vars(NEW_APP) | {"account_id": who.account_id})  # an operator's hands are not bound
