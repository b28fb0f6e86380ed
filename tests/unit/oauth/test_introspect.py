"""Asking whether a token is good (RFC 7662)."""

import pytest

from directca.accounts import people
from directca.oauth import connected
from directca.oauth.introspect import PARAMETERS, introspect
from directca.oauth.model import SECOND_FACTOR
from directca.oauth.protocol import OAuthRequest, Parameters
from tests.unit.oauth.world import ISSUER, MORNING, VERIFIER, World, error_of

INACTIVE = (200, {"active": False})


def test_a_good_access_token_is_described(world: World) -> None:
    bought = world.tokens(scope="certificate.read")
    answer = world.introspect(bought["access_token"])
    assert (answer.status, answer.body) == (
        200,
        {
            "active": True,
            "scope": "certificate.read",
            "client_id": world.app.client.client_id,
            "token_type": "Bearer",
            "sub": world.person.id,
            "iss": ISSUER,
            "iat": int(MORNING.timestamp()),
            "exp": int(MORNING.timestamp()) + 3600,
            "auth_time": int(MORNING.timestamp()),
            "acr": SECOND_FACTOR,
        },
    )
    assert dict(answer.headers)["Cache-Control"] == "no-store"


def test_a_good_refresh_token_is_active_and_no_bearer_token(world: World) -> None:
    body = world.introspect(world.tokens()["refresh_token"]).body
    assert body["active"] is True
    assert "token_type" not in body


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "x"])
def test_a_hint_changes_nothing(world: World, hint: str) -> None:
    assert world.introspect(world.tokens()["access_token"], token_type_hint=hint).body["active"] is True


@pytest.mark.parametrize("end", ["expired", "revoked", "family", "withdrawn", "person", "account", "consumed"])
def test_of_a_token_that_is_not_good_nothing_more_is_said(world: World, end: str) -> None:
    bought = world.tokens()
    asked = bought["access_token"]
    if end == "expired":
        world.clock.advance(hours=1)
    elif end == "revoked":
        world.revoke(asked)
    elif end == "family":
        world.revoke(bought["refresh_token"])
    elif end == "withdrawn":
        connected.withdraw(world.oauth, world.person, world.app.client.client_id)
    elif end == "person":
        people.suspend(world.people, world.person.username, actor="operator:test", reason="left")
    elif end == "account":
        world.suspend_account()
    else:
        asked = bought["refresh_token"]
        world.refresh(asked)
    answer = world.introspect(asked)
    assert (answer.status, answer.body) == INACTIVE


def test_of_an_unknown_or_foreign_token_nothing_more_is_said(world: World) -> None:
    stranger = world.another_app()
    unknown = world.introspect("A" * 43)
    foreign = world.introspect(world.tokens()["access_token"], stranger)
    assert (unknown.status, unknown.body) == (foreign.status, foreign.body) == INACTIVE


def test_whoever_does_not_prove_himself_learns_nothing(world: World) -> None:
    asked = world.tokens()["access_token"]
    for secret in (None, "wrong"):
        assert error_of(world.introspect(asked, client_secret=secret)) == (401, "invalid_client")


def test_a_public_applications_name_is_no_authorization(world: World) -> None:
    bought = world.redeem(world.public_code(), world.public, code_verifier=VERIFIER).body
    assert error_of(world.introspect(bought["access_token"], world.public)) == (401, "invalid_client")


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_repeated_parameter_is_refused(world: World, name: str) -> None:
    sent = world.form(token="A" * 43).parameters
    twice = OAuthRequest(Parameters((*sent.pairs, (name, "x"), (name, "x"))))
    assert error_of(introspect(world.oauth, twice)) == (400, "invalid_request")
