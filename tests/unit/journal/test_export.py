"""The journal reaches who keeps a copy: every row, in order, at least once, and counted only when it was acknowledged."""

import json
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select, text

from directca.db import leases
from directca.db.engine import Database
from directca.journal import export as module
from directca.journal.errors import ExportDiverged, ExportRunning, ReceiverUnavailable
from directca.journal.export import Exporter, begin_again, export, give_back, standing
from directca.journal.json_lines import JsonLines
from directca.journal.model import Event, Row
from directca.journal.record import append

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


class Noon:
    """A clock that a test sets."""

    moment = NOON

    def now(self) -> datetime:
        return self.moment


class Kept:
    """A receiver in memory. It can fail before it takes anything, or after it took everything."""

    target = "memory"

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.fails: str | None = None

    def deliver(self, rows: Sequence[Row]) -> None:
        if self.fails == "before":
            raise ReceiverUnavailable("It is away.")
        self.rows.extend(rows)
        if self.fails == "after":
            raise KeyboardInterrupt  # the process ends with the rows delivered and the mark where it was


def write(database: Database, count: int) -> None:
    with database.write() as tx:
        append(
            tx,
            *(Event("thing.made", "operator:ann", f"thing:{n}", detail={"n": n, "word": "grün"}) for n in range(count)),
            at=NOON,
        )


@pytest.fixture
def exporter(database: Database) -> Exporter:
    write(database, 7)
    return Exporter(database, Noon(), "here:1", batch=3)


def everything(exporter: Exporter, receiver: Kept | JsonLines) -> int:
    total = 0
    while rows := export(exporter, receiver):
        total += rows
    return total


def position(exporter: Exporter, target: str = "memory") -> int:
    with exporter.database.read() as tx:
        return standing(tx, target).position


def test_every_row_arrives_once_in_order(exporter: Exporter) -> None:
    kept = Kept()
    assert everything(exporter, kept) == 7
    write(exporter.database, 2)
    assert everything(exporter, kept) == 2
    assert [row.position for row in kept.rows] == list(range(1, 10))
    assert everything(exporter, kept) == 0


def test_what_is_not_acknowledged_is_brought_again(exporter: Exporter) -> None:
    kept = Kept()
    export(exporter, kept)
    kept.fails = "before"
    with pytest.raises(ReceiverUnavailable):
        export(exporter, kept)
    assert position(exporter) == 3
    kept.fails = None
    everything(exporter, kept)
    assert [row.position for row in kept.rows] == list(range(1, 8))


def test_a_crash_between_delivery_and_mark_brings_rows_twice_and_loses_none(exporter: Exporter) -> None:
    kept = Kept()
    export(exporter, kept)
    kept.fails = "after"
    with pytest.raises(KeyboardInterrupt):
        export(exporter, kept)
    kept.fails = None
    everything(exporter, kept)
    assert [row.position for row in kept.rows] == [1, 2, 3, 4, 5, 6, 4, 5, 6, 7]


def test_each_target_has_its_own_mark(exporter: Exporter, tmp_path: Path) -> None:
    everything(exporter, JsonLines("file", tmp_path / "journal.jsonl"))
    assert (position(exporter, "file"), position(exporter)) == (7, 0)


def test_one_process_exports_at_a_time_and_a_dead_one_is_followed(exporter: Exporter) -> None:
    other = Exporter(exporter.database, Noon(), "there:2", batch=3)
    kept = Kept()
    export(exporter, kept)
    with pytest.raises(ExportRunning):
        export(other, kept)
    later = Noon()
    follower = Exporter(exporter.database, later, "there:2", batch=3)
    later.moment = NOON + timedelta(seconds=14)
    with pytest.raises(ExportRunning):
        export(follower, kept)
    later.moment = NOON + timedelta(seconds=15)
    export(follower, kept)
    assert position(exporter) == 6


class Slow(Kept):
    """A receiver that takes a minute, four leases long, for each batch; whoever exports must not lose the lease meanwhile."""

    def __init__(self, clock: Noon, other: Exporter) -> None:
        super().__init__()
        self._clock = clock
        self._other = other

    def deliver(self, rows: Sequence[Row]) -> None:
        for _ in range(12):
            self._clock.moment += timedelta(seconds=5)
            until = time.monotonic() + 10
            while lease_ends(self._other) < self._clock.moment + timedelta(seconds=15) and time.monotonic() < until:
                time.sleep(0.01)
            with pytest.raises(ExportRunning):
                export(self._other, Kept())
        super().deliver(rows)


def lease_ends(exporter: Exporter) -> datetime:
    with exporter.database.read() as tx:
        return tx.execute(select(leases.lease.c.expires_at).where(leases.lease.c.name == "export memory")).scalar_one()


def test_a_receiver_that_takes_longer_than_the_lease_is_brought_its_rows_by_one(
    exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PROLONG_SECONDS", 0.01)
    clock = Noon()
    slow = Slow(clock, Exporter(exporter.database, clock, "there:2", batch=3))
    assert export(Exporter(exporter.database, clock, "here:1", batch=3), slow) == 3
    assert len(slow.rows) == position(exporter) == 3


def test_a_lease_that_is_given_back_is_free_at_once(exporter: Exporter) -> None:
    export(exporter, Kept())
    give_back(exporter, "memory")
    assert export(Exporter(exporter.database, Noon(), "there:2", batch=3), Kept()) == 3


def test_a_mark_that_moved_meanwhile_is_left_where_it_is(exporter: Exporter) -> None:
    class Slow(Kept):
        def deliver(self, rows: Sequence[Row]) -> None:
            super().deliver(rows)
            with exporter.database.write() as tx:  # another process took over
                leases.give_back(tx, "export memory", "here:1", now=NOON)
            if len(self.rows) == 3:
                everything(Exporter(exporter.database, Noon(), "there:2", batch=5), kept)

    kept = Kept()
    with pytest.raises(ExportRunning):
        export(exporter, Slow())
    assert position(exporter) == 7


@pytest.mark.tampers
@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM journal WHERE position = 3",
        "UPDATE journal SET digest = 'f' WHERE position = 3",
        "DELETE FROM journal WHERE position = 4",
        "UPDATE journal SET actor = 'operator:eve' WHERE position = 4",
        "UPDATE journal SET previous_digest = 'f' WHERE position = 5",
        "DELETE FROM journal",
    ],
)
def test_nothing_is_passed_on_that_does_not_continue_what_was_exported(exporter: Exporter, damage: str) -> None:
    kept = Kept()
    export(exporter, kept)
    with exporter.database.write() as tx:
        tx.execute(text(damage))
    with pytest.raises(ExportDiverged, match="journal verify"):
        everything(exporter, kept)
    assert position(exporter) == 3
    assert len(kept.rows) == 3


@pytest.mark.tampers
def test_a_restored_backup_is_noticed_and_exported_again_from_a_row_of_before(exporter: Exporter) -> None:
    kept = Kept()
    everything(exporter, kept)
    with exporter.database.write() as tx:  # as an older backup has it
        tx.execute(text("DELETE FROM journal WHERE position > 4"))
        tx.execute(text("UPDATE journal_head SET position = 4, digest = (SELECT digest FROM journal WHERE position = 4)"))
    with pytest.raises(ExportDiverged):
        export(exporter, kept)
    begin_again(exporter, "memory", 3)
    kept.rows.clear()
    everything(exporter, kept)
    assert [row.position for row in kept.rows] == [3, 4]


def test_beginning_again_leaves_no_row_out(exporter: Exporter) -> None:
    export(exporter, Kept())
    for asked in (0, 5, 99):
        with pytest.raises(ExportDiverged, match="leave rows"):
            begin_again(exporter, "memory", asked)
    begin_again(exporter, "memory", 4)
    assert position(exporter) == 3
    begin_again(exporter, "memory", 1)
    assert position(exporter) == 0


def test_how_far_a_target_has_come_is_known(exporter: Exporter) -> None:
    export(exporter, Kept())
    with exporter.database.read() as tx:
        found = standing(tx, "memory")
        assert (found.position, found.waiting_since) == (3, NOON)
    everything(exporter, Kept())
    with exporter.database.read() as tx:
        assert standing(tx, "memory").waiting_since is None


def test_a_line_holds_what_its_digest_covers(exporter: Exporter, tmp_path: Path) -> None:
    """The chain is computed here from the lines alone, as the documentation tells receivers to."""
    file = tmp_path / "journal.jsonl"
    everything(exporter, JsonLines("file", file))
    previous = "0" * 64
    for number, line in enumerate(file.read_text("ascii").splitlines(), 1):
        row = json.loads(line)
        names = ("position", "at", "kind", "actor", "subject", "outcome", "account_id", "detail")
        covered = json.dumps([previous, *(row[name] for name in names)], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        assert (row["position"], row["previous_digest"]) == (number, previous)
        assert sha256(covered.encode()).hexdigest() == row["digest"]
        previous = row["digest"]
    assert number == 7


def test_half_a_line_of_a_crash_is_cut_off(exporter: Exporter, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    lines = JsonLines("file", file)
    export(exporter, lines)
    whole = file.read_bytes()
    for torn in (b'{"torn":4,"at":"2026', b"x" * 200_000):
        file.write_bytes(whole + torn)
        write(exporter.database, 1)
        export(exporter, lines)
        whole = file.read_bytes()
        assert [json.loads(line) for line in whole.splitlines()]
        assert torn not in whole
    file.write_bytes(b"never ended")
    begin_again(exporter, "file", 1)
    everything(exporter, lines)
    assert json.loads(file.read_bytes().splitlines()[0])["position"] == 1


def test_a_file_that_was_rotated_away_is_followed_by_a_new_one(exporter: Exporter, tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    lines = JsonLines("file", file)
    export(exporter, lines)
    file.rename(tmp_path / "journal.jsonl.1")
    everything(exporter, lines)
    assert json.loads(file.read_text().splitlines()[0])["position"] == 4
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_cannot_keep_rows_is_refused(exporter: Exporter, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    full = Path("/dev/full")
    for path in (tmp_path / "pipe", full, tmp_path, tmp_path / "nowhere" / "journal.jsonl"):
        with pytest.raises(ReceiverUnavailable):
            export(exporter, JsonLines("file", path))
    assert position(exporter, "file") == 0


def test_a_full_disk_leaves_the_file_as_it_was(exporter: Exporter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "journal.jsonl"
    lines = JsonLines("file", file)
    export(exporter, lines)
    before = file.read_bytes()
    written = os.write

    def full(descriptor: int, octets: bytes) -> int:
        if len(octets) < 500:
            raise OSError(28, "No space left on device")
        return written(descriptor, bytes(octets[:400]))

    monkeypatch.setattr("os.write", full)
    with pytest.raises(ReceiverUnavailable, match="No space left"):
        export(exporter, lines)
    monkeypatch.undo()
    assert file.read_bytes() == before
    everything(exporter, lines)
    assert [json.loads(line)["position"] for line in file.read_text().splitlines()] == list(range(1, 8))
