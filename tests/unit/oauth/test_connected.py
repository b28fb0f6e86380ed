"""What a person has connected, and withdrawing it."""

from dataclasses import replace

import pytest

from directca.oauth import connected
from directca.oauth.errors import BearerRefused, NotConnected
from tests.unit.oauth.world import MORNING, VERIFIER, World, error_of


def test_nothing_is_connected_before_a_code_is_redeemed(world: World) -> None:
    world.code()
    assert connected.connections(world.oauth, world.person) == ()


def test_a_connection_shows_who_may_what_since_when(world: World) -> None:
    world.tokens(scope="certificate.read")
    world.clock.advance(minutes=5)
    world.tokens(scope="certificate.issue")
    (connection,) = connected.connections(world.oauth, world.person)
    assert (connection.name, connection.owner_name) == ("Clinic Portal", "Example Clinic Inc.")
    assert set(connection.scopes) == {"certificate.read", "certificate.issue"}
    assert connection.granted_at == MORNING
    assert connection.used_at == world.clock.now()


def test_the_application_last_used_comes_first(world: World) -> None:
    world.tokens()
    world.clock.advance(minutes=1)
    world.redeem(world.public_code(), world.public, code_verifier=VERIFIER)
    assert [one.name for one in connected.connections(world.oauth, world.person)] == ["Desktop Client", "Clinic Portal"]


def test_what_has_expired_is_no_connection(world: World) -> None:
    world.tokens()
    world.clock.advance(days=91)
    assert connected.connections(world.oauth, world.person) == ()


def test_withdrawing_ends_every_grant_of_the_application_at_once(world: World) -> None:
    first, second, pending = world.tokens(), world.tokens(), world.code()
    assert connected.withdraw(world.oauth, world.person, world.app.client.client_id) == 3
    for bought in (first, second):
        with pytest.raises(BearerRefused):
            world.principal(bought["access_token"])
        assert error_of(world.refresh(bought["refresh_token"])) == (400, "invalid_grant")
    assert error_of(world.redeem(pending)) == (400, "invalid_grant")
    assert connected.connections(world.oauth, world.person) == ()
    assert [event.actor for event in world.journal("grant.withdrawn")] == [world.person.actor] * 3


def test_withdrawing_leaves_other_applications_alone(world: World) -> None:
    other = world.redeem(world.public_code(), world.public, code_verifier=VERIFIER).body
    world.tokens()
    connected.withdraw(world.oauth, world.person, world.app.client.client_id)
    world.principal(other["access_token"])


def test_nobody_withdraws_for_somebody_else(world: World) -> None:
    bought = world.tokens()
    stranger = replace(world.person, id="0" * 24)
    with pytest.raises(NotConnected):
        connected.withdraw(world.oauth, stranger, world.app.client.client_id)
    world.principal(bought["access_token"])


def test_withdrawing_twice_says_that_there_is_nothing(world: World) -> None:
    world.tokens()
    connected.withdraw(world.oauth, world.person, world.app.client.client_id)
    with pytest.raises(NotConnected):
        connected.withdraw(world.oauth, world.person, world.app.client.client_id)
