"""Revoking a token (RFC 7009)."""

from base64 import b64encode

import pytest

from directca.oauth.errors import BearerRefused
from directca.oauth.protocol import OAuthRequest, Parameters
from directca.oauth.revoke import PARAMETERS, revoke
from tests.unit.oauth.world import VERIFIER, World, error_of

INVALID_GRANT = (400, "invalid_grant")


def test_a_revoked_refresh_token_takes_its_family_along(world: World) -> None:
    bought = world.tokens()
    answer = world.revoke(bought["refresh_token"])
    assert (answer.status, answer.body) == (200, {})
    assert error_of(world.refresh(bought["refresh_token"])) == INVALID_GRANT
    with pytest.raises(BearerRefused):
        world.principal(bought["access_token"])
    assert len(world.journal("grant.revoked")) == 1


def test_a_revoked_access_token_dies_alone(world: World) -> None:
    bought = world.tokens()
    assert world.revoke(bought["access_token"]).status == 200
    with pytest.raises(BearerRefused):
        world.principal(bought["access_token"])
    assert world.refresh(bought["refresh_token"]).status == 200
    assert len(world.journal("access_token.revoked")) == 1


def test_revoking_again_is_as_good_and_journalled_once(world: World) -> None:
    bought = world.tokens()
    for name in ("access_token", "access_token", "refresh_token", "refresh_token"):
        assert world.revoke(bought[name]).status == 200
    assert len(world.journal("access_token.revoked")) == 1
    assert len(world.journal("grant.revoked")) == 1


def test_an_unknown_token_is_as_good_as_revoked(world: World) -> None:
    answer = world.revoke("A" * 43)
    assert (answer.status, answer.body) == (200, {})


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "saml2_assertion"])
def test_a_hint_right_wrong_or_unknown_changes_nothing(world: World, hint: str) -> None:
    bought = world.tokens()
    assert world.revoke(bought["refresh_token"], token_type_hint=hint).status == 200
    assert error_of(world.refresh(bought["refresh_token"])) == INVALID_GRANT


def test_another_applications_token_is_refused_and_lives(world: World) -> None:
    bought = world.tokens()
    stranger = world.another_app()
    for name in ("access_token", "refresh_token"):
        assert error_of(world.revoke(bought[name], stranger)) == INVALID_GRANT
    world.principal(bought["access_token"])
    assert world.refresh(bought["refresh_token"]).status == 200


def test_whoever_does_not_prove_himself_revokes_nothing(world: World) -> None:
    bought = world.tokens()
    for secret in (None, "wrong"):
        assert error_of(world.revoke(bought["refresh_token"], client_secret=secret)) == (401, "invalid_client")
    world.principal(bought["access_token"])


def test_a_public_application_revokes_by_its_name(world: World) -> None:
    bought = world.redeem(world.public_code(), world.public, code_verifier=VERIFIER).body
    assert world.revoke(bought["refresh_token"], world.public).status == 200
    with pytest.raises(BearerRefused):
        world.principal(bought["access_token"])


def test_basic_authentication_works_as_well(world: World) -> None:
    bought = world.tokens()
    header = "Basic " + b64encode(f"{world.app.client.client_id}:{world.app.secret}".encode()).decode()
    sent = OAuthRequest(Parameters((("token", str(bought["refresh_token"])),)), header)
    assert revoke(world.oauth, sent).status == 200
    assert error_of(world.refresh(bought["refresh_token"])) == INVALID_GRANT


def test_the_token_must_be_sent(world: World) -> None:
    assert error_of(world.revoke("")) == (400, "invalid_request")


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_repeated_parameter_is_refused(world: World, name: str) -> None:
    sent = world.form(token="A" * 43).parameters
    twice = OAuthRequest(Parameters((*sent.pairs, (name, "x"), (name, "x"))))
    assert error_of(revoke(world.oauth, twice)) == (400, "invalid_request")
