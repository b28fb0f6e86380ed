"""What reaches the disk, and at what cost: no code, token or secret, and few statements."""

from collections.abc import Callable

import pytest

from directca.db.engine import Database
from directca.oauth.tables import authorization_code, oauth_token
from tests.statements import seen_by
from tests.unit.oauth.world import VERIFIER, World


def statements(database: Database, action: Callable[[], object]) -> list[str]:
    """The SQL that an action runs, without that of the journal."""
    with seen_by(database) as seen:
        action()
    return [one for one in seen if "journal" not in one]


@pytest.mark.engine("sqlite", why="its file is searched")
def test_no_secret_reaches_the_disk(world: World) -> None:
    code, public_code = world.code(), world.public_code()
    bought = world.redeem(code).body
    refreshed = world.refresh(bought["refresh_token"]).body
    again = world.refresh(bought["refresh_token"]).body
    public = world.redeem(public_code, world.public, code_verifier=VERIFIER).body
    secrets = [code, public_code, VERIFIER, world.app.secret]
    secrets += [answer[name] for answer in (bought, refreshed, again, public) for name in ("access_token", "refresh_token")]
    path = world.oauth.database.path
    world.oauth.database.close()
    stored = b"".join(part.read_bytes() for part in path.parent.glob(path.name + "*"))
    assert world.app.client.client_id.encode() in stored
    assert [secret for secret in secrets if str(secret).encode() in stored] == []


def test_codes_and_tokens_are_found_by_a_unique_index() -> None:
    for table in (authorization_code, oauth_token):
        assert [column.name for column in table.primary_key] == ["digest"]


@pytest.mark.engine("sqlite", why="the plans are SQLite's")
def test_lookups_use_the_indexes(world: World) -> None:
    found = statements(world.oauth.database, lambda: world.refresh(world.tokens()["refresh_token"]))
    lookups = [one for one in found if one.startswith("SELECT")]
    assert lookups
    with world.oauth.database.read() as tx:
        for lookup in lookups:
            plan = tx.exec_driver_sql("EXPLAIN QUERY PLAN " + lookup, ("x",) * lookup.count("?")).all()
            assert not [row for row in plan if str(row[3]).startswith("SCAN")], (lookup, plan)


@pytest.mark.engine("sqlite", why="statements are counted by SQLite's trace")
def test_the_token_path_takes_three_statements(world: World) -> None:
    code = world.code()
    bought: dict[str, object] = {}
    redeemed = statements(world.oauth.database, lambda: bought.update(world.redeem(code).body))
    assert len(redeemed) == 3, redeemed
    refreshed = statements(world.oauth.database, lambda: world.refresh(bought["refresh_token"]))
    assert len(refreshed) == 3, refreshed


@pytest.mark.engine("sqlite", why="statements are counted by SQLite's trace")
def test_a_bearer_check_takes_one_read(world: World) -> None:
    access_token = world.tokens()["access_token"]
    read = statements(world.oauth.database, lambda: world.principal(access_token))
    assert len(read) == 1
    assert all(one.startswith("SELECT") for one in read)


@pytest.mark.engine("sqlite", why="statements are counted by SQLite's trace")
def test_a_wrong_secret_takes_no_write_lock_once_it_is_noted(world: World) -> None:
    world.redeem("0" * 32, client_secret="wrong")
    again = statements(world.oauth.database, lambda: world.redeem("0" * 32, client_secret="wrong"))
    assert all(one.startswith("SELECT") for one in again)
