"""A person who is suspended, or whose password may be known to others, leaves no application inside by oversight."""

import pytest

from directca.accounts import people, people_store
from directca.accounts.people_errors import NoSuchPerson, WeakPassword
from directca.accounts.person import PersonStatus
from directca.accounts.sign_in import Attempt, sign_in
from directca.oauth import connected, family, person_access, refresh
from directca.oauth.errors import BearerRefused
from directca.oauth.person_access import Access
from tests.unit.oauth.world import VERIFIER, World, error_of

OPERATOR = "operator:test"
FIRST = "a long enough pass phrase"
SECOND = "another long pass phrase"


def suspend(world: World) -> Access:
    return person_access.suspend(world.oauth, world.people, "Manager", actor=OPERATOR, reason="left")


def new_password(world: World, *, withdraw: bool, password: str = SECOND) -> Access:
    return person_access.set_password(world.oauth, world.people, "Manager", password, actor=OPERATOR, withdraw=withdraw)


def refused(world: World, bought: dict[str, object]) -> None:
    with pytest.raises(BearerRefused):
        world.principal(bought["access_token"])
    assert error_of(world.refresh(bought["refresh_token"])) == (400, "invalid_grant")
    assert world.introspect(bought["access_token"]).body == {"active": False}


def test_a_suspended_persons_tokens_stop_at_once_and_stay_stopped(world: World) -> None:
    first, second, pending = world.tokens(), world.tokens(), world.code()
    world.redeem(world.public_code(), world.public, code_verifier=VERIFIER)
    suspended = suspend(world)
    assert (suspended.person.status, suspended.withdrawn, suspended.kept) == (PersonStatus.SUSPENDED, 2, 0)
    for bought in (first, second):
        refused(world, bought)
    assert error_of(world.redeem(pending)) == (400, "invalid_grant")
    people.resume(world.people, "manager", actor=OPERATOR)
    for bought in (first, second):
        refused(world, bought)
    assert error_of(world.redeem(pending)) == (400, "invalid_grant")
    world.principal(world.tokens()["access_token"])


def test_who_did_it_and_why_is_in_the_journal_with_every_grant(world: World) -> None:
    world.tokens()
    world.code()
    suspend(world)
    (event,) = world.journal("person.suspended")
    assert (event.actor, event.subject, event.detail["reason"]) == (OPERATOR, f"person:{world.person.id}", "left")
    assert [(one.actor, one.detail["person_id"]) for one in world.journal("grant.withdrawn")] == [(OPERATOR, world.person.id)] * 2
    assert suspend(world).withdrawn == 0
    assert len(world.journal("person.suspended")) == 1
    assert len(world.journal("grant.withdrawn")) == 2


def test_others_of_the_account_go_on(world: World) -> None:
    new = people.NewPerson(world.person.account_id, "deputy", "Dan Deputy", FIRST)
    deputy = people.create(world.people, new, actor=OPERATOR)
    manager, world.person = world.person, deputy
    theirs = world.tokens()
    assert manager != deputy
    suspend(world)
    world.principal(theirs["access_token"])


def test_a_suspension_that_cannot_withdraw_is_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.tokens()

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(family, "end", broken)
    with pytest.raises(OSError, match="full"):
        suspend(world)
    with world.oauth.database.read() as tx:
        found = people_store.person_named(tx, "manager")
    assert found is not None
    assert found.status is PersonStatus.ACTIVE
    assert world.journal("person.suspended") == []


def test_a_refresh_that_had_begun_before_the_suspension_rotates_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bought = world.tokens()
    judge = refresh.scope_within_grant

    def overtaken(asked: refresh.Refreshment) -> None:
        judge(asked)
        suspend(world)

    monkeypatch.setattr(refresh, "CHECKS", (*refresh.CHECKS, overtaken))
    assert error_of(world.refresh(bought["refresh_token"])) == (400, "invalid_grant")
    assert world.journal("token.refreshed") == []


def test_a_new_password_leaves_applications_and_says_how_many(world: World) -> None:
    first, again = world.tokens(), world.tokens()
    world.redeem(world.public_code(), world.public, code_verifier=VERIFIER)
    kept = new_password(world, withdraw=False)
    assert (kept.withdrawn, kept.kept) == (0, 2)
    for bought in (first, again):
        world.principal(bought["access_token"])
    assert world.journal("grant.withdrawn") == []


def test_a_new_password_withdraws_them_when_it_is_asked_to(world: World) -> None:
    first, pending = world.tokens(), world.code()
    taken = new_password(world, withdraw=True)
    assert (taken.withdrawn, taken.kept) == (1, 0)
    refused(world, first)
    assert error_of(world.redeem(pending)) == (400, "invalid_grant")
    assert connected.connections(world.oauth, world.person) == ()
    assert [one.actor for one in world.journal("grant.withdrawn")] == [OPERATOR] * 2
    assert sign_in(world.people, Attempt("manager", SECOND, "192.0.2.1")).session.person == world.person


def test_what_has_expired_is_not_counted(world: World) -> None:
    world.tokens()
    world.clock.advance(days=91)
    assert new_password(world, withdraw=False).kept == 0
    assert suspend(world).withdrawn == 0


def test_a_password_that_is_refused_withdraws_nothing(world: World) -> None:
    bought = world.tokens()
    with pytest.raises(WeakPassword):
        new_password(world, withdraw=True, password="short")
    with pytest.raises(NoSuchPerson):
        person_access.set_password(world.oauth, world.people, "nobody", SECOND, actor=OPERATOR, withdraw=True)
    with pytest.raises(NoSuchPerson):
        person_access.suspend(world.oauth, world.people, "nobody", actor=OPERATOR, reason="left")
    world.principal(bought["access_token"])
