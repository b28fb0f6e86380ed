"""Redeeming a code: once, in time, by the application it was issued to, with what it was bound to."""

import pytest

from directca.accounts import people
from directca.oauth import applications, connected, tokens
from directca.oauth.errors import BearerRefused
from directca.oauth.pkce import challenge
from directca.oauth.protocol import OAuthRequest, Parameters
from directca.oauth.token import PARAMETERS, token
from tests.unit.oauth.world import CALLBACK, VERIFIER, World, error_of

S256 = {"code_challenge": challenge(VERIFIER), "code_challenge_method": "S256"}
INVALID_GRANT = (400, "invalid_grant")


def test_a_code_buys_what_the_contract_says(world: World) -> None:
    answer = world.redeem(world.code())
    assert answer.status == 200
    assert set(answer.body) == {"access_token", "refresh_token", "token_type", "expires_in", "scope"}
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("Bearer", 3600)
    assert answer.body["scope"] == "tuser.account"
    assert dict(answer.headers) == {"Cache-Control": "no-store", "Pragma": "no-cache"}


def test_tokens_are_256_bits_and_url_safe(world: World) -> None:
    bought = world.tokens()
    for name in ("access_token", "refresh_token"):
        assert len(str(bought[name])) == 43
        assert str(bought[name]).replace("-", "").replace("_", "").isalnum()
    assert bought["access_token"] != bought["refresh_token"]


def test_the_access_token_speaks_for_person_account_and_application(world: World) -> None:
    principal = world.principal(world.tokens()["access_token"])
    assert (principal.account_id, principal.person_id) == (world.person.account_id, world.person.id)
    assert principal.client_id == world.app.client.client_id
    assert principal.scopes == ("tuser.account",)


def test_the_published_form_works_without_redirect_uri(world: World) -> None:
    fields = Parameters(
        (
            ("grant_type", "authorization_code"),
            ("client_id", world.app.client.client_id),
            ("client_secret", world.app.secret or ""),
            ("code", world.code()),
        )
    )
    assert token(world.oauth, OAuthRequest(fields)).status == 200


def test_a_redirect_uri_that_is_sent_must_be_the_one_authorized(world: World) -> None:
    code = world.code()
    assert error_of(world.redeem(code, redirect_uri=CALLBACK + "/")) == INVALID_GRANT
    assert world.redeem(code, redirect_uri=CALLBACK).status == 200


def test_an_unknown_code_buys_nothing(world: World) -> None:
    assert error_of(world.redeem("0" * 32)) == INVALID_GRANT


def test_the_stored_digest_is_no_code(world: World) -> None:
    assert error_of(world.redeem(tokens.digest(world.code()))) == INVALID_GRANT


def test_a_code_expires_after_a_minute(world: World) -> None:
    early, late = world.code(), world.code()
    world.clock.advance(seconds=59)
    assert world.redeem(early).status == 200
    world.clock.advance(seconds=1)
    assert error_of(world.redeem(late)) == INVALID_GRANT


def test_a_code_buys_once_and_its_replay_revokes_what_it_bought(world: World) -> None:
    code = world.code()
    bought = world.redeem(code).body
    world.principal(bought["access_token"])
    assert error_of(world.redeem(code)) == INVALID_GRANT
    with pytest.raises(BearerRefused):
        world.principal(bought["access_token"])
    assert error_of(world.refresh(bought["refresh_token"])) == INVALID_GRANT
    (event,) = world.journal("authorization_code.replayed")
    assert event.actor == world.app.client.actor


def test_a_replay_long_after_the_code_expired_is_still_noticed(world: World) -> None:
    code = world.code()
    bought = world.redeem(code).body
    world.clock.advance(minutes=30)
    assert error_of(world.redeem(code)) == INVALID_GRANT
    with pytest.raises(BearerRefused):
        world.principal(bought["access_token"])


def test_a_replay_also_revokes_what_was_refreshed_since(world: World) -> None:
    code = world.code()
    bought = world.redeem(code).body
    refreshed = world.refresh(bought["refresh_token"]).body
    world.redeem(code)
    with pytest.raises(BearerRefused):
        world.principal(refreshed["access_token"])
    assert error_of(world.refresh(refreshed["refresh_token"])) == INVALID_GRANT


def test_a_replay_touches_no_other_grant(world: World) -> None:
    other = world.tokens()
    code = world.code()
    world.redeem(code)
    world.redeem(code)
    world.principal(other["access_token"])


def test_a_replay_is_journalled_once(world: World) -> None:
    code = world.code()
    for _ in range(4):
        world.redeem(code)
    assert len(world.journal("authorization_code.replayed")) == 1


def test_another_application_neither_buys_nor_spends_nor_revokes(world: World) -> None:
    thief = world.another_app()
    code = world.code()
    assert error_of(world.redeem(code, thief)) == INVALID_GRANT
    bought = world.redeem(code)
    assert bought.status == 200
    assert error_of(world.redeem(code, thief)) == INVALID_GRANT
    world.principal(bought.body["access_token"])


def test_a_wrong_secret_buys_nothing_and_leaves_the_code_good(world: World) -> None:
    code = world.code()
    assert error_of(world.redeem(code, client_secret="wrong")) == (401, "invalid_client")
    assert error_of(world.redeem(code, client_secret=None)) == (401, "invalid_client")
    assert world.redeem(code).status == 200


def test_a_failed_proof_is_journalled_at_most_once_a_minute(world: World) -> None:
    for _ in range(3):
        world.redeem("0" * 32, client_secret="wrong")
    assert len(world.journal("client.authentication_failed")) == 1
    world.clock.advance(minutes=1)
    world.redeem("0" * 32, client_secret="wrong")
    assert len(world.journal("client.authentication_failed")) == 2
    world.redeem("0" * 32, client_id="nobody")
    assert len(world.journal("client.authentication_failed")) == 2


def test_a_disabled_application_buys_nothing(world: World) -> None:
    code = world.code()
    applications.disable(world.oauth, world.app.client.client_id, actor="operator:test")
    assert error_of(world.redeem(code)) == (401, "invalid_client")


def test_a_withdrawn_grant_buys_nothing(world: World) -> None:
    code = world.code()
    connected.withdraw(world.oauth, world.person, world.app.client.client_id)
    assert error_of(world.redeem(code)) == INVALID_GRANT


def test_a_suspended_person_buys_nothing(world: World) -> None:
    code = world.code()
    people.suspend(world.people, world.person.username, actor="operator:test", reason="left")
    assert error_of(world.redeem(code)) == INVALID_GRANT


def test_a_suspended_account_buys_nothing(world: World) -> None:
    code = world.code()
    world.suspend_account()
    assert error_of(world.redeem(code)) == INVALID_GRANT


def test_a_public_application_redeems_with_its_verifier(world: World) -> None:
    assert world.redeem(world.public_code(), world.public, code_verifier=VERIFIER).status == 200


def test_a_public_application_that_sends_a_secret_is_not_believed(world: World) -> None:
    answer = world.redeem(world.public_code(), world.public, code_verifier=VERIFIER, client_secret="x")
    assert error_of(answer) == (401, "invalid_client")


@pytest.mark.parametrize("verifier", [None, "", VERIFIER[::-1], challenge(VERIFIER), "short", "ä" * 43])
def test_who_began_with_pkce_cannot_finish_without_it(world: World, verifier: str | None) -> None:
    for app in (world.app, world.public):
        code = world.code(app, **S256)
        assert world.redeem(code, app, code_verifier=verifier).status == 400
        assert world.redeem(code, app, code_verifier=VERIFIER).status == 200


def test_a_verifier_without_a_challenge_is_refused(world: World) -> None:
    code = world.code()
    assert error_of(world.redeem(code, code_verifier=VERIFIER)) == INVALID_GRANT


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_repeated_parameter_is_refused(world: World, name: str) -> None:
    sent = world.form(grant_type="authorization_code", code=world.code(), redirect_uri=CALLBACK).parameters
    twice = Parameters((*sent.pairs, (name, "x"), (name, "x")))
    assert error_of(token(world.oauth, OAuthRequest(twice))) == (400, "invalid_request")


def test_the_grant_type_must_be_one_of_two(world: World) -> None:
    for grant_type in ("password", "client_credentials", "implicit", "Authorization_Code"):
        answer = token(world.oauth, world.form(grant_type=grant_type, code="x"))
        assert error_of(answer) == (400, "unsupported_grant_type")
    assert error_of(token(world.oauth, world.form(code="x"))) == (400, "invalid_request")


def test_a_missing_code_is_an_invalid_request(world: World) -> None:
    assert error_of(token(world.oauth, world.form(grant_type="authorization_code"))) == (400, "invalid_request")


def test_a_refresh_token_is_no_code_and_an_access_token_no_refresh_token(world: World) -> None:
    bought = world.tokens()
    assert error_of(world.redeem(str(bought["refresh_token"]))) == INVALID_GRANT
    assert error_of(world.refresh(bought["access_token"])) == INVALID_GRANT


def test_narrow_scopes_are_kept(world: World) -> None:
    bought = world.tokens(scope="certificate.read account.read")
    assert bought["scope"] == "certificate.read account.read"
    assert world.principal(bought["access_token"]).scopes == ("certificate.read", "account.read")
