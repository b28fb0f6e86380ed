"""An access token on a call to the API (RFC 6750): every reason to refuse it, each with the same words."""

from dataclasses import replace

import pytest

from directca.accounts import people, roles
from directca.accounts.person import Role
from directca.accounts.roles import AtCommand
from directca.oauth import applications, connected
from directca.oauth.bearer import authenticate, check_scope, speaks_for_officer
from directca.oauth.errors import BearerRefused, InsufficientScope
from tests.unit.oauth.world import World


def challenge_for(world: World, header: str | None) -> str:
    with pytest.raises(BearerRefused) as refused:
        authenticate(world.oauth.database, world.clock, header)
    return refused.value.challenge


def test_a_good_token_gives_its_principal(world: World) -> None:
    bought = world.tokens()
    for scheme in ("Bearer", "bearer", "BEARER"):
        principal = authenticate(world.oauth.database, world.clock, f"{scheme} {bought['access_token']}")
        assert principal.person_id == world.person.id
    assert principal.actor == f"person:{world.person.id} via client:{world.app.client.client_id}"


def test_who_is_an_officer_is_asked_each_time(world: World) -> None:
    token = world.tokens()["access_token"]
    member = world.principal(token)
    assert not speaks_for_officer(world.oauth.database, member)
    officer = replace(member, scopes=("authority.revoke",))
    assert not speaks_for_officer(world.oauth.database, officer), "the scope alone makes nobody an officer"
    by = AtCommand("operator:test")
    for change, expected in ((roles.grant, True), (roles.withdraw, False), (roles.grant, True)):
        change(world.people, world.person.username, Role.OFFICER, by=by)
        assert speaks_for_officer(world.oauth.database, officer) is expected
    assert not speaks_for_officer(world.oauth.database, member), "an officer's other applications are a member's"
    assert not speaks_for_officer(world.oauth.database, replace(officer, account_id="another"))
    assert not speaks_for_officer(world.oauth.database, replace(officer, person_id="nobody"))
    world.suspend_account()
    assert not speaks_for_officer(world.oauth.database, officer)


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Token abc", "BearerX abc"])
def test_without_a_token_the_scheme_is_named_and_no_error(world: World, header: str | None) -> None:
    assert challenge_for(world, header) == 'Bearer realm="directca"'


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer x", "Bearer ä", "Bearer " + "A" * 43, "Bearer " + "A" * 9999])
def test_a_token_that_means_nothing_is_invalid(world: World, header: str) -> None:
    assert 'error="invalid_token"' in challenge_for(world, header)


@pytest.mark.parametrize(
    "end", ["expired", "revoked", "family", "withdrawn", "replayed", "person", "account", "application", "refresh_token"]
)
def test_every_reason_refuses_the_token_in_the_same_words(world: World, end: str) -> None:
    code = world.code()
    bought = world.redeem(code).body
    client_id, asked = world.app.client.client_id, bought["access_token"]
    if end == "expired":
        world.clock.advance(hours=1)
    elif end == "revoked":
        world.revoke(asked)
    elif end == "family":
        world.revoke(bought["refresh_token"])
    elif end == "withdrawn":
        connected.withdraw(world.oauth, world.person, client_id)
    elif end == "replayed":
        world.redeem(code)
    elif end == "person":
        people.suspend(world.people, world.person.username, actor="operator:test", reason="left")
    elif end == "account":
        world.suspend_account()
    elif end == "application":
        applications.disable(world.oauth, client_id, actor="operator:test")
    else:
        asked = bought["refresh_token"]
    assert challenge_for(world, f"Bearer {asked}") == challenge_for(world, "Bearer " + "A" * 43)


def test_a_token_is_good_until_the_second_before_its_end(world: World) -> None:
    bought = world.tokens()
    world.clock.advance(seconds=3599)
    world.principal(bought["access_token"])
    world.clock.advance(seconds=1)
    with pytest.raises(BearerRefused):
        world.principal(bought["access_token"])


def test_the_stored_digest_of_a_token_is_no_token(world: World) -> None:
    world.tokens()
    with world.oauth.database.read() as tx:
        digests = tx.exec_driver_sql("select digest from oauth_token").scalars().all()
    assert len(digests) == 2
    for digest in digests:
        with pytest.raises(BearerRefused):
            world.principal(digest)


def test_an_enabled_application_goes_on_where_it_was(world: World) -> None:
    bought = world.tokens()
    applications.disable(world.oauth, world.app.client.client_id, actor="operator:test")
    applications.enable(world.oauth, world.app.client.client_id, actor="operator:test")
    world.principal(bought["access_token"])


def test_a_scope_that_is_not_there_is_named(world: World) -> None:
    principal = world.principal(world.tokens(scope="certificate.read")["access_token"])
    check_scope(principal, "certificate.read")
    with pytest.raises(InsufficientScope) as refused:
        check_scope(principal, "certificate.issue")
    assert 'error="insufficient_scope"' in refused.value.challenge
    assert 'scope="certificate.issue"' in refused.value.challenge


def test_the_whole_account_covers_every_function(world: World) -> None:
    principal = world.principal(world.tokens()["access_token"])
    for needed in ("certificate.read", "certificate.issue", "certificate.revoke", "account.read", "tuser.account"):
        check_scope(principal, needed)
