"""Step-up authentication for tokens (RFC 9470): what a token remembers, what a challenge says, what an application asks."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from directca.accounts.role_errors import StepUpFirst
from directca.api.errors import answer
from directca.db.engine import Database
from directca.oauth.authorize import AuthorizationRequest, decide, refused_to
from directca.oauth.model import NOT_KNOWN, SECOND_FACTOR, Authentication
from tests.unit.oauth.world import MORNING, World, a_world, answer_of

EARLIER = MORNING - timedelta(minutes=5)


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


def granted(world: World, said: Authentication, **changes: str | None) -> dict[str, object]:
    """The tokens of a grant by somebody who was authenticated so."""
    asked = world.ask(**changes)
    assert isinstance(asked, AuthorizationRequest), asked
    sent = answer_of(decide(world.oauth, asked, world.person, granted=True, said=said))
    return world.redeem(sent["code"]).body


def error_of(world: World, **changes: str | None) -> str:
    """What goes back to the application at once."""
    asked = world.ask(**changes)
    assert not isinstance(asked, AuthorizationRequest)
    return answer_of(asked)["error"]


@pytest.mark.parametrize(
    ("said", "shown_at"),
    [
        (Authentication(EARLIER, SECOND_FACTOR), EARLIER),
        (Authentication(EARLIER), None),
        (NOT_KNOWN, None),
    ],
)
def test_a_token_knows_when_its_person_showed_a_second_factor(
    world: World, said: Authentication, shown_at: datetime | None
) -> None:
    body = granted(world, said)
    assert world.principal(body["access_token"]).shown_at == shown_at
    told = world.introspect(body["access_token"]).body
    assert told.get("auth_time") == (None if said.at is None else int(EARLIER.timestamp()))
    assert told.get("acr") == said.context


def test_a_refresh_makes_no_authentication_newer(world: World) -> None:
    body = granted(world, Authentication(EARLIER, SECOND_FACTOR))
    world.clock.advance(hours=2)
    fresh = world.refresh(body["refresh_token"]).body
    assert world.principal(fresh["access_token"]).shown_at == EARLIER
    assert world.introspect(fresh["access_token"]).body["auth_time"] == int(EARLIER.timestamp())


def test_the_challenge_says_what_would_do(world: World) -> None:
    response = answer(StepUpFirst("Show it.", within=600), "request-1")
    assert response.status_code == 401
    scheme, _, rest = response.headers["www-authenticate"].partition(" ")
    parameters = dict(re.findall(r'([a-z_]+)="([^"]*)"', rest))
    assert scheme == "Bearer"
    assert (parameters["error"], parameters["max_age"]) == ("insufficient_user_authentication", "600")
    assert parameters["acr_values"] == SECOND_FACTOR
    assert b'"error": "insufficient_user_authentication"' in response.body
    assert parameters["error_description"].encode() in response.body


@pytest.mark.parametrize(
    ("max_age", "age", "fresh"),
    [("300", 300, True), ("299", 300, False), ("0", 0, True), ("0", 1, False), ("9999999999", 1, True)],
)
def test_who_was_authenticated_longer_ago_than_max_age_is_authenticated_anew(
    world: World, max_age: str, age: int, *, fresh: bool
) -> None:
    said = Authentication(world.clock.now() - timedelta(seconds=age))
    if fresh:
        assert "access_token" in granted(world, said, max_age=max_age)
        return
    with pytest.raises(StepUpFirst):
        granted(world, said, max_age=max_age)
    assert world.journal("grant.given") == []


@pytest.mark.parametrize(("since", "good"), [(0, True), (-600, True), (-601, False)])
def test_who_comes_back_from_authenticating_has_met_even_no_age_at_all(world: World, since: int, *, good: bool) -> None:
    # It was asked at a moment, answered then, and now the person has read the page for a while.
    asked_at = int(world.clock.now().timestamp()) + since
    said = Authentication(datetime.fromtimestamp(asked_at, UTC), SECOND_FACTOR)
    if since == 0:
        world.clock.advance(seconds=90)
    changes: dict[str, str | None] = {"max_age": "0", "asked_at": str(asked_at)}
    if good:
        assert "access_token" in granted(world, said, **changes)
        return
    with pytest.raises(StepUpFirst):
        granted(world, said, **changes)


def test_what_was_shown_before_it_was_asked_for_is_not_new(world: World) -> None:
    said = Authentication(MORNING - timedelta(seconds=1), SECOND_FACTOR)
    with pytest.raises(StepUpFirst):
        granted(world, said, max_age="0", asked_at=str(int(MORNING.timestamp())))


@pytest.mark.parametrize("max_age", ["-1", "1.5", "soon", " 1", "99999999999"])
def test_a_max_age_that_is_none_is_refused(world: World, max_age: str) -> None:
    assert error_of(world, max_age=max_age) == "invalid_request"


def test_who_showed_no_second_factor_does_when_the_application_asks(world: World) -> None:
    with pytest.raises(StepUpFirst):
        granted(world, Authentication(MORNING), acr_values=f"urn:example:gold {SECOND_FACTOR}")
    assert "access_token" in granted(world, Authentication(MORNING, SECOND_FACTOR), acr_values=SECOND_FACTOR)


def test_what_cannot_be_met_goes_back_to_the_application(world: World) -> None:
    assert error_of(world, acr_values="urn:example:gold") == "unmet_authentication_requirements"
    asked = world.ask(acr_values=SECOND_FACTOR)
    assert isinstance(asked, AuthorizationRequest)
    sent = refused_to(world.oauth, asked, world.person, has_factor=False)
    assert sent is not None
    assert answer_of(sent)["error"] == "unmet_authentication_requirements"
    assert refused_to(world.oauth, asked, world.person, has_factor=True) is None
