"""The short form of `make faults` on PostgreSQL: three nodes, a primary and a standby, under load."""

from dataclasses import replace
from pathlib import Path

import pytest
from bench.postgres import OLDEST, programs

from faults import report
from faults.on_postgresql import postgres_house
from faults.suite import run
from tests.faults.conftest import LOAD, SHORT, answered

FAULTS = frozenset(
    {
        "kill -9 a node",
        "fail over to the standby",
        "lose what no standby has seen",
        "cut a node's connections",
    }
)


@pytest.mark.skipif(programs() is None, reason=f"no PostgreSQL {OLDEST} or newer is installed")
def test_three_nodes_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    with postgres_house(tmp_path) as house:
        found = run(house, replace(SHORT, only=FAULTS), lambda _line: None)
    assert found.count == 0, report.text(found)
    assert set(found.faults) == FAULTS
    assert answered(found) >= LOAD
