"""A database of the first schema with everything in it that an authority has: what later steps have to bring through."""

import sqlite3
from contextlib import closing
from typing import Any

from alembic import command
from alembic.config import Config

from directca.certificates.model import Usage
from directca.db import migrate
from directca.db.engine import Database

AT = "2026-11-24 12:00:00.000000"
LATER = "2027-11-24 12:00:00.000000"
MOVES = {
    "deposit": ("cash", "available"),
    "authorize": ("available", "reserved"),
    "capture": ("reserved", "revenue"),
    "release": ("reserved", "available"),
}
MOVEMENTS: list[tuple[str, str, str | None, str | None, int]] = [
    ("deposit", "clinic", None, "wire 1", 10_000),
    ("deposit", "other", None, "wire 1", 500),
    ("authorize", "clinic", "o1", None, 3_500),
    ("capture", "clinic", "o1", None, 3_500),
    ("authorize", "clinic", "o2", None, 3_500),
    ("release", "clinic", "o2", None, 3_500),
    ("authorize", "clinic", "o3", None, 0),
    ("capture", "clinic", "o3", None, 0),
    ("authorize", "clinic", "o4", None, 700),
    ("authorize", "other", "o5", None, 500),
    ("capture", "other", "o5", None, 500),
]
RECORDS: list[dict[str, Any]] = [
    {"id": "r1", "account_id": "clinic", "order_id": "o1", "state": "issued", "position": 1, "superseded_by": "r3"},
    {"id": "r2", "account_id": "clinic", "order_id": "o2", "state": "revoked", "position": 2, "settled": 1, "revoked_at": AT},
    {"id": "r3", "account_id": "clinic", "order_id": "o3", "state": "held", "position": 3, "supersedes": "r1", "current": 1},
    {"id": "r4", "account_id": "clinic", "order_id": "o4", "state": "intended", "position": None},
    {"id": "r5", "account_id": "other", "order_id": "o5", "state": "revoked", "position": 4, "revoked_at": AT},
]


def make(database: Database) -> None:
    """Bring an empty database to the first schema and fill it."""
    step(database, "0001")
    with closing(sqlite3.connect(database.path, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("BEGIN")
        _fill(raw)
        raw.execute("COMMIT")


def step(database: Database, revision: str) -> None:
    """Bring a database to a schema."""
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    with database.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, revision)


def _add(raw: sqlite3.Connection, table: str, **values: Any) -> None:
    marks = ", ".join("?" * len(values))
    raw.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))


def _fill(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA defer_foreign_keys=ON")  # a predecessor names its successor
    for account, available, reserved in (("clinic", 5_800, 700), ("other", 0, 0)):
        _add(raw, "account", id=account, name=account, status="active", created_at=AT)
        _add(raw, "ledger_balance", account_id=account, available=available, reserved=reserved)
    issuer: dict[str, Any] = {
        "id": "issuing",
        "role": "issuing",
        "subject_dn": "CN=CA",
        "key_reference": "k",
        "status_version": 2,
    }
    _add(raw, "authority", certificate_der=b"der", not_after=LATER, created_at=AT, **issuer)
    for number, (kind, account, order, reference, amount) in enumerate(MOVEMENTS, 1):
        step = None if order is None else "authorization" if kind == "authorize" else "settlement"
        who = {"account_id": account, "order_id": order, "step": step, "reference": reference}
        _add(raw, "ledger_movement", id=number, kind=kind, amount=amount, at=AT, **who)
        for side, cents in zip(MOVES[kind], (-amount, amount), strict=True):
            _add(raw, "ledger_entry", movement_id=number, ledger=side, amount=cents)
    for place, record in enumerate(RECORDS):
        _order(raw, record, amount=0, key="key" if place in (0, 4) else None)  # one key, in two accounts
        _record(raw, record, place)


def _order(raw: sqlite3.Connection, record: dict[str, Any], *, amount: int, key: str | None) -> None:
    fixed: dict[str, Any] = {"verb": "issue", "kind": "address", "duration_years": 1, "currency": "USD", "state": "captured"}
    policy: dict[str, Any] = {"policy_version": "1", "policy_sha256": "0" * 64, "request_digest": "1" * 64}
    known = {"id": record["order_id"], "account_id": record["account_id"], "record_id": record["id"], "identifier": "a@x.example"}
    _add(raw, "certificate_order", amount=amount, idempotency_key=key, created_at=AT, updated_at=AT, **fixed, **policy, **known)


def _record(raw: sqlite3.Connection, record: dict[str, Any], place: int) -> None:
    serials = {usage.value: f"{2 * place + number + 16:x}" for number, usage in enumerate(Usage)}
    fixed: dict[str, Any] = {
        "organization_id": "organization",
        "identifier": "a@x.example",
        "identifier_reversed": "elpmaxe.x@a",
        "kind": "address",
        "organization": "Clinic",
        "organization_type": "CoveredEntity",
        "subject_dn": "CN=a@x.example",
        "issuer_dn": "CN=CA",
        "authority_id": "issuing",
        "duration_years": 1,
        "not_before": AT,
        "not_after": LATER,
        "created_at": AT,
        "updated_at": AT,
        "current": 0,
        "settled": 0,
    }
    serial_columns = {"signing_serial": serials["signing"], "encryption_serial": serials["encryption"]}
    _add(raw, "record", **{**fixed, **serial_columns, **record})
    for usage, serial in serials.items():
        body = {"modulus_sha256": f"{serial:0>64}", "tbs_sha256": "0" * 64, "der": f"der {serial}".encode()}
        _add(raw, "certificate", authority_id="issuing", serial=serial, record_id=record["id"], usage=usage, **body)
