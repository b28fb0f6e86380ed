"""One short run on SQLite for all tests of the checker."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.evidence import Evidence
from faults.on_sqlite import sqlite_house
from faults.suite import Plan, Report, run

SHORT = Plan(seed=4, seconds=0, clients=2, keys=8, each_once=True, rest=0.4, pause=(0.2, 0.6))

LOAD = frozenset(
    ("issue", "renew", "reissue", "revoke", "token", "query", "retrieve", "ocsp", "crl", "announce", "book", "upload")
)
"""All that clients ask for during a run."""


def answered(report: Report) -> set[str]:
    """What succeeded at least once."""
    return {kind for kind, outcome in report.requests if outcome == "200"}


@dataclass(frozen=True)
class Ran:
    """A run that is over: what it found, the evidence, and a copy of the books."""

    report: Report
    evidence: Evidence
    books: Path


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("faults")
    with sqlite_house(folder, workers=1) as house:
        report = run(house, SHORT, lambda _line: None)
        books = folder / "books.sqlite"
        with (
            closing(sqlite3.connect(house.nodes[0].data / "directca.sqlite")) as source,
            closing(sqlite3.connect(books)) as target,
        ):
            source.backup(target)
            for (name,) in target.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                target.execute(f"DROP TRIGGER {name}")  # those that keep the journal from being changed
            target.commit()
        assert report.evidence is not None
        yield Ran(report, report.evidence, books)
    shutil.rmtree(folder, ignore_errors=True)
