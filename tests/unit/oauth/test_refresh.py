"""Refreshing: one live refresh token a family, a short grace for a lost answer, the end of the family after it."""

from base64 import b64encode

import pytest

from directca.accounts import people
from directca.oauth import applications, connected
from directca.oauth.errors import BearerRefused
from directca.oauth.protocol import OAuthRequest, OAuthResponse, Parameters
from directca.oauth.token import token
from tests.unit.oauth.world import VERIFIER, World, error_of

INVALID_GRANT = (400, "invalid_grant")


def refreshed(world: World, refresh_token: object, **changes: str | None) -> dict[str, object]:
    answer = world.refresh(refresh_token, **changes)
    assert answer.status == 200, answer.body
    return answer.body


def is_dead(world: World, bought: dict[str, object]) -> bool:
    """Is the family of these tokens over?"""
    try:
        world.principal(bought["access_token"])
    except BearerRefused:
        return error_of(world.refresh(bought["refresh_token"])) == INVALID_GRANT
    return False


def test_a_refresh_answers_new_tokens_of_both_kinds(world: World) -> None:
    first = world.tokens()
    second = refreshed(world, first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert (second["token_type"], second["expires_in"], second["scope"]) == ("Bearer", 3600, "tuser.account")
    assert len(str(second["refresh_token"])) == 43
    world.principal(second["access_token"])


def test_the_earlier_access_token_lives_out_its_hour(world: World) -> None:
    first = world.tokens()
    refreshed(world, first["refresh_token"])
    world.principal(first["access_token"])


def test_no_person_is_needed_for_a_long_chain(world: World) -> None:
    held = world.tokens()
    for _ in range(5):
        world.clock.advance(minutes=59)
        held = refreshed(world, held["refresh_token"])
    world.principal(held["access_token"])


def test_a_lost_answer_is_given_again_within_the_grace(world: World) -> None:
    first = world.tokens()
    lost = refreshed(world, first["refresh_token"])
    world.clock.advance(seconds=10)
    again = refreshed(world, first["refresh_token"])
    assert again["refresh_token"] == lost["refresh_token"]
    assert again["access_token"] != lost["access_token"]
    world.principal(again["access_token"])
    refreshed(world, again["refresh_token"])


def test_a_family_has_one_live_refresh_token_however_often_it_is_asked(world: World) -> None:
    first = world.tokens()
    answers = {str(refreshed(world, first["refresh_token"])["refresh_token"]) for _ in range(5)}
    assert len(answers) == 1


def test_within_the_grace_the_answer_is_the_token_that_is_live_now(world: World) -> None:
    first = world.tokens()
    second = refreshed(world, first["refresh_token"])
    third = refreshed(world, second["refresh_token"])
    fourth = refreshed(world, third["refresh_token"])
    assert refreshed(world, first["refresh_token"])["refresh_token"] == fourth["refresh_token"]
    world.clock.advance(minutes=1)
    refreshed(world, fourth["refresh_token"])


def test_reuse_after_the_grace_ends_the_family(world: World) -> None:
    first = world.tokens()
    second = refreshed(world, first["refresh_token"])
    world.clock.advance(seconds=10, microseconds=1)
    assert error_of(world.refresh(first["refresh_token"])) == INVALID_GRANT
    assert is_dead(world, second)
    with pytest.raises(BearerRefused):
        world.principal(first["access_token"])
    (event,) = world.journal("refresh_token.replayed")
    assert (event.actor, event.account_id) == (world.app.client.actor, world.person.account_id)


def test_the_grace_is_not_prolonged_by_using_it(world: World) -> None:
    first = world.tokens()
    refreshed(world, first["refresh_token"])
    world.clock.advance(seconds=8)
    refreshed(world, first["refresh_token"])
    world.clock.advance(seconds=3)
    assert error_of(world.refresh(first["refresh_token"])) == INVALID_GRANT


def test_reuse_ends_the_family_even_when_something_else_is_wrong_too(world: World) -> None:
    first = world.tokens(scope="certificate.read")
    second = refreshed(world, first["refresh_token"])
    world.clock.advance(days=200)
    assert error_of(world.refresh(first["refresh_token"], scope="tuser.account")) == INVALID_GRANT
    assert len(world.journal("refresh_token.replayed")) == 1
    assert error_of(world.refresh(second["refresh_token"])) == INVALID_GRANT


def test_reuse_touches_no_other_family(world: World) -> None:
    other, first = world.tokens(), world.tokens()
    refreshed(world, first["refresh_token"])
    world.clock.advance(minutes=1)
    world.refresh(first["refresh_token"])
    assert not is_dead(world, other)


def test_a_revoked_token_has_no_grace(world: World) -> None:
    first = world.tokens()
    second = refreshed(world, first["refresh_token"])
    assert world.revoke(second["refresh_token"]).status == 200
    assert error_of(world.refresh(first["refresh_token"])) == INVALID_GRANT
    assert is_dead(world, second)


def test_revoking_a_consumed_token_within_its_grace_ends_the_family_too(world: World) -> None:
    first = world.tokens()
    second = refreshed(world, first["refresh_token"])
    assert world.revoke(first["refresh_token"]).status == 200
    assert is_dead(world, second)


def test_a_refresh_token_that_nobody_uses_expires(world: World) -> None:
    first = world.tokens()
    world.clock.advance(days=90)
    assert error_of(world.refresh(first["refresh_token"])) == INVALID_GRANT


def test_fewer_scopes_may_be_asked_for_and_the_next_refresh_has_all_again(world: World) -> None:
    first = world.tokens()
    narrow = refreshed(world, first["refresh_token"], scope="certificate.read")
    assert narrow["scope"] == "certificate.read"
    assert world.principal(narrow["access_token"]).scopes == ("certificate.read",)
    assert refreshed(world, narrow["refresh_token"])["scope"] == "tuser.account"


@pytest.mark.parametrize("scope", ["tuser.account", "certificate.issue", "certificate.read certificate.issue", "openid", "x\ty"])
def test_more_scopes_may_not_be_asked_for(world: World, scope: str) -> None:
    first = world.tokens(scope="certificate.read")
    answer = world.refresh(first["refresh_token"], scope=scope)
    assert error_of(answer) in {(400, "invalid_scope"), (400, "invalid_request")}
    refreshed(world, first["refresh_token"])


def test_another_application_neither_refreshes_nor_revokes(world: World) -> None:
    thief = world.another_app()
    first = world.tokens()
    assert error_of(world.refresh(first["refresh_token"], thief)) == INVALID_GRANT
    second = refreshed(world, first["refresh_token"])
    world.clock.advance(minutes=1)
    assert error_of(world.refresh(first["refresh_token"], thief)) == INVALID_GRANT
    assert not is_dead(world, second)


def test_a_confidential_application_must_prove_itself(world: World) -> None:
    first = world.tokens()
    assert error_of(world.refresh(first["refresh_token"], client_secret=None)) == (401, "invalid_client")
    assert error_of(world.refresh(first["refresh_token"], client_secret="wrong")) == (401, "invalid_client")
    refreshed(world, first["refresh_token"])


def test_a_public_applications_tokens_rotate_the_same_way(world: World) -> None:
    first = world.redeem(world.public_code(), world.public, code_verifier=VERIFIER).body
    second = world.refresh(first["refresh_token"], world.public)
    assert second.status == 200
    world.clock.advance(minutes=1)
    assert error_of(world.refresh(first["refresh_token"], world.public)) == INVALID_GRANT
    assert error_of(world.refresh(second.body["refresh_token"], world.public)) == INVALID_GRANT


@pytest.mark.parametrize("lost", ["person", "account", "application", "grant"])
def test_what_has_no_standing_any_more_refreshes_nothing(world: World, lost: str) -> None:
    first = world.tokens()
    client_id = world.app.client.client_id
    if lost == "person":
        people.suspend(world.people, world.person.username, actor="operator:test", reason="left")
    elif lost == "account":
        world.suspend_account()
    elif lost == "application":
        applications.disable(world.oauth, client_id, actor="operator:test")
    else:
        connected.withdraw(world.oauth, world.person, client_id)
    assert world.refresh(first["refresh_token"]).status in {400, 401}
    with pytest.raises(BearerRefused):
        world.principal(first["access_token"])


def test_an_unknown_or_missing_token_is_refused(world: World) -> None:
    assert error_of(world.refresh("A" * 43)) == INVALID_GRANT
    assert error_of(world.refresh("")) == (400, "invalid_request")


def test_a_refresh_token_in_another_parameter_is_not_found(world: World) -> None:
    first = world.tokens()
    asked = world.form(grant_type="refresh_token", token=str(first["refresh_token"]))
    assert error_of(token(world.oauth, asked)) == (400, "invalid_request")


def test_refreshes_are_journalled(world: World) -> None:
    first = world.tokens()
    refreshed(world, first["refresh_token"])
    refreshed(world, first["refresh_token"])
    assert [event.kind for event in world.journal() if event.kind.startswith("token.")] == [
        "token.issued",
        "token.refreshed",
        "token.answered_again",
    ]


def test_basic_authentication_works_as_well(world: World) -> None:
    first = world.tokens()
    header = "Basic " + b64encode(f"{world.app.client.client_id}:{world.app.secret}".encode()).decode()
    fields = Parameters((("grant_type", "refresh_token"), ("refresh_token", str(first["refresh_token"]))))
    answer: OAuthResponse = token(world.oauth, OAuthRequest(fields, header))
    assert answer.status == 200
