"""A register of a given size, written into the database of a stopped server: copies of one pair that it issued itself.

Names, serials, keys and ends differ, and both certificates have their real size. Of twenty pairs one is revoked, one has
expired and one is superseded; some are held. Rows go in as the product's tables define them; indexes and triggers are dropped
meanwhile and made again as they were, which is quicker, and what triggers count is counted at once.
"""

import random
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert
from sqlalchemy.dialects import sqlite

from directca.certificates.store import certificate, record

DOMAINS = 200
LOCAL_PARTS = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi")
REGIONS = ("north", "east", "south", "west")
KINDS = ("clinic", "practice")
_TABLES = (record, certificate)
_BATCH = 20_000
_SEED = 20_261_124
_COUNTING = """
    INSERT INTO status_count (account_id, standing, ends_on, pairs)
    SELECT account_id, CASE WHEN state = 'issued' AND superseded_by IS NOT NULL THEN 'superseded' ELSE state END,
           substr(not_after, 1, 10), count(*)
    FROM record WHERE position IS NOT NULL GROUP BY 1, 2, 3
"""
_OF_TWENTY = {7: "revoked", 8: "expired", 9: "superseded"}
_ONE_IS_HELD_OF = 2000


@dataclass(frozen=True)
class Sample:
    """Some records of the register, to ask for by name and serial."""

    identifier: str
    signing_serial: str
    encryption_serial: str

    @property
    def beginning(self) -> str:
        """What some of the names of its local part begin with."""
        return self.identifier[: self.identifier.index(".") + 5]

    @property
    def ending(self) -> str:
        """What all names of its domain end with."""
        return self.identifier[self.identifier.index("@") :]


def identifier(number: int) -> str:
    """The number's Direct address; every local part, region and kind has an equal share, mixed along the register."""
    part = LOCAL_PARTS[number % len(LOCAL_PARTS)]
    domain = number // len(LOCAL_PARTS) % DOMAINS
    kind, region = KINDS[domain % len(KINDS)], REGIONS[domain // len(KINDS) % len(REGIONS)]
    return f"{part}.{number:07d}@{kind}-{domain}.{region}.example"


def fill(database: Path, count: int, samples: int) -> tuple[Sample, ...]:
    """Let the register hold `count` records. Returns so many of them, spread evenly."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        for pragma in (
            "journal_mode=DELETE",
            "journal_mode=OFF",
            "synchronous=OFF",
            "cache_size=-1000000",
            "locking_mode=EXCLUSIVE",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.row_factory = sqlite3.Row
        one_record = dict(connection.execute("SELECT * FROM record WHERE position IS NOT NULL").fetchone())
        pair = [dict(row) for row in connection.execute("SELECT * FROM certificate WHERE record_id = ?", (one_record["id"],))]
        present = connection.execute("SELECT max(position) FROM record").fetchone()[0]
        dropped = _drop(connection)
        found = _insert(connection, _Copies(one_record, pair), range(present, count), max(1, count // samples))
        connection.execute("DELETE FROM status_count")
        connection.execute(_COUNTING)
        for statement in dropped:
            connection.execute(statement)
    finally:
        connection.close()
    return tuple(found)


class _Copies:
    """Makes the n-th copy of a record and its certificates, as rows of values in the order of their columns."""

    def __init__(self, one_record: dict[str, Any], pair: list[dict[str, Any]]) -> None:
        self._record = one_record
        self._pair = pair
        self._random = random.Random(_SEED)

    def rows(self, number: int) -> tuple[Sample, tuple[Any, ...], list[tuple[Any, ...]]]:
        """The record and its two certificates."""
        record_id, name = f"{self._random.getrandbits(96):024x}", identifier(number)
        serials = {one["usage"]: f"{self._random.getrandbits(127) | 1 << 126:x}" for one in self._pair}
        made = self._record | {
            "id": record_id,
            "identifier": name,
            "identifier_reversed": name[::-1],
            "signing_serial": serials["signing"],
            "encryption_serial": serials["encryption"],
            "order_id": f"{self._random.getrandbits(96):024x}",
            "position": number + 1,
            **self._standing(number, record_id),
        }
        certificates = [
            one
            | {
                "serial": serials[one["usage"]],
                "record_id": record_id,
                "modulus_sha256": f"{self._random.getrandbits(256):064x}",
                "tbs_sha256": f"{self._random.getrandbits(256):064x}",
            }
            for one in self._pair
        ]
        sample = Sample(name, serials["signing"], serials["encryption"])
        return sample, tuple(made.values()), [tuple(row.values()) for row in certificates]

    def _standing(self, number: int, record_id: str) -> dict[str, Any]:
        """What has become of the pair, and when it ends: on one of three hundred days, or on one of the last four hundred."""
        ends, revoked_at = datetime.fromisoformat(self._record["not_after"]), self._record["updated_at"]
        later = {"not_after": _text(ends + timedelta(days=number % 300))}
        match _OF_TWENTY.get(number % 20):
            case "revoked":
                return later | {"state": "revoked", "current": 0, "revoked_at": revoked_at, "revocation_reason": "unspecified"}
            case "expired":
                return {"not_after": _text(ends - timedelta(days=366 + number % 400)), "current": 0}
            case "superseded":
                return later | {"current": 0, "superseded_by": record_id}
        if number % _ONE_IS_HELD_OF == 1:
            return later | {"state": "held", "revoked_at": revoked_at, "revocation_reason": "certificateHold"}
        return later


def _insert(connection: sqlite3.Connection, copies: _Copies, numbers: range, every: int) -> list[Sample]:
    found: list[Sample] = []
    record_columns = [row["name"] for row in connection.execute("PRAGMA table_info(record)")]
    certificate_columns = [row["name"] for row in connection.execute("PRAGMA table_info(certificate)")]
    into_record, into_certificate = _statement(record, record_columns), _statement(certificate, certificate_columns)
    connection.execute("BEGIN")
    for start in range(numbers.start, numbers.stop, _BATCH):
        records, certificates = [], []
        for number in range(start, min(start + _BATCH, numbers.stop)):
            sample, one, two = copies.rows(number)
            records.append(one)
            certificates += two
            if (number - numbers.start) // every >= len(found) and number % 20 not in _OF_TWENTY:
                found.append(sample)
        connection.executemany(into_record, records)
        connection.executemany(into_certificate, certificates)
    connection.execute("COMMIT")
    return found


def _statement(table: Table, columns: list[str]) -> str:
    """The product's own INSERT, with the values in the order in which the file has its columns."""
    compiled = insert(table).compile(dialect=sqlite.dialect(paramstyle="qmark"), column_keys=columns)
    if compiled.positiontup != columns:
        raise ValueError(f"the columns of {table.name} are in another order in the database")
    return str(compiled)


def _text(moment: datetime) -> str:
    """As the product stores it."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _drop(connection: sqlite3.Connection) -> list[str]:
    """Drop what can be made again; returns how, in the order in which it was made."""
    names = [table.name for table in _TABLES]
    statement = (
        "SELECT type, name, sql FROM sqlite_master "
        "WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name IN (?, ?) ORDER BY rowid"
    )
    found = [(row["type"], row["name"], row["sql"]) for row in connection.execute(statement, names)]
    for kind, name, _ in found:
        connection.execute(f'DROP {kind} "{name}"')
    return [sql for _, _, sql in found]
