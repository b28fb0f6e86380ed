"""Nodes: each says that it is there; who ends in order is gone, who dies is seen to be silent and forgotten after a day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from directca.db import nodes
from directca.db.engine import Database
from directca.db.nodes import Node

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
A = Node("a", "1", "0.1.0", "0" * 64, NOON, NOON)
B = replace(A, name="b")


def names(database: Database) -> list[str]:
    with database.read() as tx:
        return [one.name for one in nodes.every(tx)]


def test_nodes_come_and_go(database: Database) -> None:
    with database.write() as tx:
        nodes.enter(tx, A)
        nodes.enter(tx, B)
    assert names(database) == ["a", "b"]
    with database.write() as tx:
        assert nodes.say(tx, A, NOON + timedelta(minutes=1))
    with database.read() as tx:
        a, b = nodes.every(tx)
    assert [one.silent_at(NOON + timedelta(minutes=1)) for one in (a, b)] == [False, True]
    with database.write() as tx:
        nodes.leave(tx, A)
    assert names(database) == ["b"]


def test_the_next_start_replaces_the_last_and_a_second_server_loses_the_name(database: Database) -> None:
    again = replace(A, instance="2", started_at=NOON + timedelta(minutes=1))
    with database.write() as tx:
        nodes.enter(tx, A)
        nodes.enter(tx, again)
        assert not nodes.say(tx, A, NOON)
        assert nodes.say(tx, again, NOON)
        nodes.leave(tx, A)
    assert names(database) == ["a"]


def test_whoever_is_silent_for_a_day_is_forgotten_and_comes_back_with_a_word(database: Database) -> None:
    late = NOON + timedelta(days=1, seconds=1)
    with database.write() as tx:
        nodes.enter(tx, A)
        nodes.enter(tx, replace(B, seen_at=late))
        assert nodes.say(tx, B, late)
    assert names(database) == ["b"]
    with database.write() as tx:
        assert nodes.say(tx, A, late)
    assert names(database) == ["a", "b"]
