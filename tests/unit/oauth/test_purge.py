"""Purge: what ended long ago goes, what lives or ended a moment ago stays."""

from sqlalchemy import func, select

from directca.oauth import purge as purging
from directca.oauth.purge import purge
from directca.oauth.tables import authorization_code, oauth_token
from tests.unit.oauth.world import World


def rows(world: World) -> tuple[int, int]:
    with world.oauth.database.read() as tx:
        codes = tx.execute(select(func.count()).select_from(authorization_code)).scalar_one()
        tokens = tx.execute(select(func.count()).select_from(oauth_token)).scalar_one()
    return codes, tokens


def test_what_ended_more_than_a_day_ago_goes(world: World) -> None:
    world.code()
    world.clock.advance(days=1)
    assert purge(world.oauth) == 0  # a replayed code must still be seen for what it is
    world.clock.advance(minutes=2)
    assert purge(world.oauth) == 1
    assert rows(world) == (0, 0)


def test_living_tokens_stay(world: World) -> None:
    world.tokens()
    world.clock.advance(days=3)  # the access token ended, the refresh token lives
    purge(world.oauth)
    assert rows(world) == (0, 1)


def test_many_go_in_batches(world: World, monkeypatch: object) -> None:
    for _ in range(5):
        world.code()
    world.clock.advance(days=2)
    purging._BATCH = 2
    try:
        assert purge(world.oauth) == 5
    finally:
        purging._BATCH = 1000
    assert rows(world) == (0, 0)
