"""The authorization endpoint: what is trusted, what goes back to the application, what a decision leaves behind."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from directca.accounts import people
from directca.accounts.person import Role
from directca.accounts.role_errors import StepUpFirst
from directca.oauth import applications, redirects, scopes
from directca.oauth.authorize import PARAMETERS, AuthorizationRequest, SendBack, consider, decide, refused_to
from directca.oauth.errors import CannotRedirect
from directca.oauth.model import SECOND_FACTOR, Authentication
from directca.oauth.pkce import challenge
from directca.oauth.protocol import Parameters
from tests.unit.oauth.world import CALLBACK, ISSUER, VERIFIER, World, answer_of

S256 = {"code_challenge": challenge(VERIFIER), "code_challenge_method": "S256"}


def shown(at: datetime | None) -> Authentication:
    """A second factor was shown at this moment."""
    return Authentication(at, SECOND_FACTOR)


def refused(world: World, **changes: str | None) -> dict[str, str]:
    """The error that goes back to the application."""
    sent = world.ask(**changes)
    assert isinstance(sent, SendBack)
    return answer_of(sent)


def test_a_request_that_is_right_may_be_put_before_a_person(world: World) -> None:
    asked = world.ask()
    assert isinstance(asked, AuthorizationRequest)
    assert (asked.client, asked.scopes, asked.redirect_uri) == (world.app.client, ("tuser.account",), CALLBACK)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": ""},
        {"client_id": "nobody"},
        {"client_id": "nobody\x00"},
        {"redirect_uri": None},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"state": "x" * 3001},
    ],
)
def test_nobody_is_redirected_when_client_or_redirect_uri_is_not_right(world: World, changes: dict[str, str | None]) -> None:
    with pytest.raises(CannotRedirect):
        world.ask(**changes)


ABLE = {
    "authority.revoke": {Role.OFFICER},
    "authority.vet": {Role.OFFICER, Role.RA_OFFICER},
    "authority.read": {Role.OFFICER, Role.RA_OFFICER, Role.AUDITOR, Role.OPERATOR},
    "authority.proof": {Role.TRUSTED_AGENT},
    "authority.proof authority.vet": set[Role](),
}


@pytest.mark.parametrize("scope", ABLE)
@pytest.mark.parametrize("role", Role)
def test_only_those_of_the_staff_can_grant_what_is_for_them(world: World, role: Role, scope: str) -> None:
    app = world.another_app(scopes=scopes.SCOPES)
    asked = world.ask(app, scope=f"tuser.account {scope}")
    assert isinstance(asked, AuthorizationRequest)
    person = replace(world.person, roles=frozenset({role}))
    sent = refused_to(world.oauth, asked, person)
    assert (sent is None) == (role in ABLE[scope])
    # The page is not all that stands between: the decision is refused as well.
    answer = answer_of(decide(world.oauth, asked, person, granted=True, said=shown(world.clock.now())))
    assert ("code" in answer, answer.get("error")) == ((True, None) if role in ABLE[scope] else (False, "invalid_scope"))
    assert len(world.journal("grant.given")) == (1 if role in ABLE[scope] else 0)


def test_an_officer_shows_the_second_factor_before_an_application_may_act_as_an_officers(world: World) -> None:
    asked = world.ask(world.another_app(scopes=scopes.SCOPES), scope="authority.revoke")
    assert isinstance(asked, AuthorizationRequest)
    officer = replace(world.person, roles=frozenset({Role.OFFICER}))
    long_ago = world.clock.now() - timedelta(seconds=601)
    for shown_at in (None, long_ago):
        with pytest.raises(StepUpFirst):
            decide(world.oauth, asked, officer, granted=True, said=shown(shown_at))
        assert "access_denied" in decide(world.oauth, asked, officer, granted=False, said=shown(shown_at)).location
    assert world.journal("grant.given") == []
    assert "code=" in decide(world.oauth, asked, officer, granted=True, said=shown(long_ago + timedelta(seconds=1))).location


def test_an_application_is_not_registered_for_what_is_for_officers_unless_it_is_said(world: World) -> None:
    assert refused(world, scope="authority.revoke")["error"] == "invalid_scope"
    assert refused(world, scope="tuser.account authority.revoke")["error"] == "invalid_scope"


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_nobody_is_redirected_when_they_are_sent_twice(world: World, name: str) -> None:
    sent = world.parameters()
    twice = Parameters((*sent.pairs, (name, sent.one(name) or "")))
    with pytest.raises(CannotRedirect):
        consider(world.oauth, twice)


def test_nobody_is_redirected_to_a_disabled_application(world: World) -> None:
    applications.disable(world.oauth, world.app.client.client_id, actor="operator:test")
    with pytest.raises(CannotRedirect):
        world.ask()


def test_nobody_is_redirected_to_another_applications_address(world: World) -> None:
    other = world.another_app(redirect_uris=("https://other.example.org/cb",))
    with pytest.raises(CannotRedirect):
        world.ask(redirect_uri=other.client.redirect_uris[0])


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": " "}, "invalid_scope"),
        ({"scope": "openid"}, "invalid_scope"),
        ({"scope": "tuser.account openid"}, "invalid_scope"),
        ({"scope": "tuser.account\x00"}, "invalid_request"),
        ({"code_challenge": challenge(VERIFIER)}, "invalid_request"),
        ({"code_challenge": challenge(VERIFIER), "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": challenge(VERIFIER), "code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": VERIFIER[:42], "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
    ],
)
def test_other_mistakes_go_back_to_the_application(world: World, changes: dict[str, str | None], error: str) -> None:
    answer = refused(world, **changes)
    assert answer["error"] == error
    assert answer["state"] == "xyz"
    assert answer["iss"] == ISSUER
    assert "code" not in answer
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", answer["error_description"])


@pytest.mark.parametrize("name", [name for name in PARAMETERS if name not in {"client_id", "redirect_uri"}])
def test_a_repeated_parameter_goes_back_to_the_application(world: World, name: str) -> None:
    sent = world.parameters(**S256)
    outcome = consider(world.oauth, Parameters((*sent.pairs, *[(name, "x")] * (2 - (sent.one(name) is not None)))))
    assert isinstance(outcome, SendBack)
    assert answer_of(outcome)["error"] == "invalid_request"
    assert ("state" in answer_of(outcome)) == (name != "state")


def test_unknown_parameters_are_ignored(world: World) -> None:
    asked = world.ask(prompt="none", nonce="n", response_mode="fragment", resource="https://x.example/")
    assert isinstance(asked, AuthorizationRequest)
    assert {name for name, _ in asked.parameters.pairs} <= set(PARAMETERS)


def test_a_public_application_must_send_a_challenge(world: World) -> None:
    sent = world.ask(world.public)
    assert isinstance(sent, SendBack)
    assert answer_of(sent)["error"] == "invalid_request"
    assert isinstance(world.ask(world.public, **S256), AuthorizationRequest)


def test_an_application_may_ask_only_for_its_own_scopes(world: World) -> None:
    reader = world.another_app(scopes=("certificate.read",))
    sent = world.ask(reader, scope="certificate.issue")
    assert isinstance(sent, SendBack)
    assert answer_of(sent)["error"] == "invalid_scope"
    assert isinstance(world.ask(reader, scope="certificate.read"), AuthorizationRequest)


def test_a_narrow_application_cannot_ask_for_the_whole_account(world: World) -> None:
    reader = world.another_app(scopes=("certificate.read", "certificate.issue", "certificate.revoke", "account.read"))
    sent = world.ask(reader, scope="tuser.account")
    assert isinstance(sent, SendBack)
    assert answer_of(sent)["error"] == "invalid_scope"


def test_a_native_application_is_sent_to_the_port_it_asked_for(world: World) -> None:
    asked = world.ask(world.public, redirect_uri="http://127.0.0.1:50123/callback", **S256)
    assert isinstance(asked, AuthorizationRequest)
    sent = decide(world.oauth, asked, world.person, granted=True)
    assert sent.location.startswith("http://127.0.0.1:50123/callback?code=")


def test_a_grant_sends_code_state_and_issuer(world: World) -> None:
    answer = world.decide()
    assert set(answer) == {"code", "state", "iss"}
    assert re.fullmatch(r"[0-9a-f]{32}", answer["code"])
    assert (answer["state"], answer["iss"]) == ("xyz", ISSUER)


def test_the_state_comes_back_as_it_was_sent(world: World) -> None:
    state = "a&b=c#d?e f+g%20ä\"'<>"
    assert world.decide(state=state)["state"] == state


@pytest.mark.parametrize("state", ["a\nb", "a\r\nb", "\0", "a\tb", "\x7f"])
def test_a_state_that_no_form_carries_unchanged_is_refused(world: World, state: str) -> None:
    answer = refused(world, state=state)
    assert (answer["error"], answer["state"]) == ("invalid_request", state)


def test_no_state_comes_back_when_none_was_sent(world: World) -> None:
    assert "state" not in world.decide(state=None)


def test_the_answer_goes_to_the_redirect_uri_alone(world: World) -> None:
    asked = world.ask()
    assert isinstance(asked, AuthorizationRequest)
    assert urlsplit(decide(world.oauth, asked, world.person, granted=True).location)[:3] == urlsplit(CALLBACK)[:3]


def test_every_code_is_another(world: World) -> None:
    assert len({world.code() for _ in range(20)}) == 20


def test_a_refusal_sends_access_denied_and_grants_nothing(world: World) -> None:
    answer = world.decide(granted=False)
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "xyz", ISSUER)
    assert "code" not in answer
    assert world.journal("grant.given") == []
    (event,) = world.journal("grant.refused")
    assert (event.actor, event.outcome) == (world.person.actor, "access_denied")


def test_a_grant_is_journalled_without_the_code(world: World) -> None:
    code = world.code()
    (event,) = world.journal("grant.given")
    assert event.actor == world.person.actor
    assert event.account_id == world.person.account_id
    assert event.detail["client_id"] == world.app.client.client_id
    assert event.detail["redirect_host"] == redirects.origin(CALLBACK)
    assert code not in str(world.journal())


def test_looking_at_the_page_leaves_nothing_behind(world: World) -> None:
    before = len(world.journal())
    world.ask()
    world.ask(scope="openid")
    assert len(world.journal()) == before


def test_a_person_suspended_while_the_page_was_open_grants_nothing(world: World) -> None:
    asked = world.ask()
    assert isinstance(asked, AuthorizationRequest)
    people.suspend(world.people, world.person.username, actor="operator:test", reason="left")
    answer = answer_of(decide(world.oauth, asked, world.person, granted=True))
    assert answer["error"] == "access_denied"
    assert world.journal("grant.given") == []


def test_a_suspended_account_grants_nothing(world: World) -> None:
    world.suspend_account()
    assert world.decide()["error"] == "access_denied"


def test_a_person_of_another_account_cannot_grant_for_this_one(world: World) -> None:
    asked = world.ask()
    assert isinstance(asked, AuthorizationRequest)
    stranger = replace(world.person, account_id="0" * 24)
    assert answer_of(decide(world.oauth, asked, stranger, granted=True))["error"] == "access_denied"
