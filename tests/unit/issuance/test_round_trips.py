"""How often an issue waits for the server while every other writer waits for it: what is asked at once is answered at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from directca.db.psycopg_line import Line
from tests.world import DOMAIN, World

pytestmark = pytest.mark.engine("postgresql", why="SQLite answers where it is asked")


@contextmanager
def exchanges(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """What was said to the server, way by way, by the first words of each statement."""
    ways: list[list[str]] = []
    really = Line._exchange

    def counted(line: Line, *arguments: Any) -> Any:
        ways.append([" ".join(said.sql.decode().split()[:2]) for said in line._waiting])
        return really(line, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Line, "_exchange", counted)
        yield ways


def in_turns(ways: list[list[str]]) -> list[list[list[str]]]:
    """The ways from each BEGIN of a writer to its COMMIT."""
    turns: list[list[list[str]]] = []
    for way in ways:
        if "SELECT pg_advisory_xact_lock(7235440056133247841)" in way:
            turns.append([])
        if turns and not (turns[-1] and turns[-1][-1][-1:] == ["COMMIT"]):
            turns[-1].append(way)
    return turns


def test_an_issue_asks_at_once_what_its_turn_depends_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (0, 2):  # the second finds the addresses that the first has written down, and remembers them
        world.issue(f"n{number}@{DOMAIN}", key=number)
        world.clock.advance(minutes=1)
    with exchanges(monkeypatch) as ways:
        world.issue(f"n4@{DOMAIN}", key=4)
    reserved, recorded = in_turns(ways)
    # Begin; what must be so; the order, its price, the intent; commit.
    assert len(reserved) == 4, reserved
    # Begin; the pair, its order and its price; commit.
    assert len(recorded) == 3, recorded


def test_a_renewal_takes_the_same_ways(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (0, 2):
        world.issue(f"n{number}@{DOMAIN}", key=number)
        world.clock.advance(minutes=1)
    with exchanges(monkeypatch) as ways:
        world.renew(f"n2@{DOMAIN}")
    reserved, recorded = in_turns(ways)
    assert len(reserved) == 4, reserved
    # Before its pair is complete, its predecessor is read and loses its place.
    assert len(recorded) == 5, recorded
