"""`directca db restored`: what was under way is settled, lists go ahead of any other, and a broken journal stops it."""

import time

import pytest
from sqlalchemy import text

from directca.certificates.model import State
from directca.cli.sole_server import sole_server
from directca.db.engine import Database
from tests.register import a_record
from tests.unit.cli.conftest import Shell


def numbers(database: Database) -> list[int]:
    with database.read() as tx:
        return list(tx.execute(text("SELECT number FROM crl WHERE authority_id = 'issuing' ORDER BY number")).scalars())


@pytest.fixture
def authority(shell: Shell, database: Database) -> Shell:
    """One whose database is from the past: an intent was open at that moment."""
    shell.json("crl", "make")
    with database.write() as tx:
        a_record(tx, "alice@direct.sandbox.example", state=State.INTENDED)
    return shell


def test_what_was_under_way_is_settled_and_the_lists_go_ahead(authority: Shell, database: Database) -> None:
    before, journal = numbers(database), authority.json("journal", "verify")
    began = int(time.time())
    said = authority.json("db", "restored")
    assert said["journal_digest"] == journal["digest"]
    assert [one["identifier"] for one in said["settled"]] == ["alice@direct.sandbox.example"]
    made = {one["authority"]: one for one in said["lists"]}
    assert set(made) == {"issuing", "root"}
    assert made["issuing"]["number"] > max(before)
    assert made["issuing"]["number"] >= began  # and so above what was published since the past, once a second at most
    assert made["issuing"]["entries"] == 2
    told = [one for one in authority.json("journal", "show") if one["kind"] == "authority.restored"]
    assert [one["detail"]["digest"] for one in told] == [journal["digest"]]


def test_it_may_be_given_twice(authority: Shell, database: Database) -> None:
    told = authority.json("db", "restored")
    first = {one["authority"]: one["number"] for one in told["lists"]}
    time.sleep(1)
    again = authority.json("db", "restored")
    assert again["settled"] == []
    assert again["known_until"] == told["known_until"]  # and not when the first one wrote its own lines
    assert all(one["number"] > first[one["authority"]] for one in again["lists"])
    assert "everything until" in authority.run("db", "restored").stdout


def test_a_broken_journal_stops_it(authority: Shell, database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE journal SET actor = 'operator:eve' WHERE position = 1"))
    before = numbers(database)
    assert authority.slug("db", "restored") == "journal_broken"
    assert numbers(database) == before
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM record WHERE state = 'intended'")).scalar_one() == 1


def test_a_running_server_keeps_it_off(authority: Shell) -> None:
    with sole_server(authority.data):
        assert authority.slug("db", "restored") == "folder_in_use"
