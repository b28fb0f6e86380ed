"""What a protected function of the API answers to a token that is not good enough (RFC 6750 3)."""

import pytest

from directca.api.errors import answer
from directca.db.engine import Database
from directca.errors import DirectCAError
from directca.oauth.bearer import authenticate, check_scope
from tests.unit.oauth.world import World, a_world


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


def refusal(world: World, header: str | None, needed: str) -> tuple[int, str]:
    """Status and challenge of a call that is not let through."""
    with pytest.raises(DirectCAError) as refused:
        check_scope(authenticate(world.oauth.database, world.clock, header), needed)
    response = answer(refused.value, "request-1")
    return response.status_code, response.headers["www-authenticate"]


def test_no_token_is_401_with_the_scheme_alone(world: World) -> None:
    assert refusal(world, None, "certificate.read") == (401, 'Bearer realm="directca"')


def test_a_bad_token_is_401_invalid_token(world: World) -> None:
    status, challenge = refusal(world, "Bearer nonsense", "certificate.read")
    assert status == 401
    assert 'error="invalid_token"' in challenge


def test_too_narrow_a_token_is_403_insufficient_scope(world: World) -> None:
    access_token = world.tokens(scope="certificate.read")["access_token"]
    status, challenge = refusal(world, f"Bearer {access_token}", "certificate.issue")
    assert status == 403
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="certificate.issue"' in challenge


def test_the_body_carries_the_apis_own_slug(world: World) -> None:
    with pytest.raises(DirectCAError) as refused:
        authenticate(world.oauth.database, world.clock, "Bearer nonsense")
    assert b'"error": "invalid_token"' in answer(refused.value, "request-1").body
