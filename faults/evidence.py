"""What the checker looks at, gathered once: the books by plain SQL, what keys signed, the diary, and what nodes tell."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from cryptography import x509
from cryptography.x509 import ocsp
from psycopg.rows import dict_row

from faults import diary
from faults.diary import Exchange
from faults.load import status_request
from tests.webhook_receiver import Received

Row = dict[str, Any]
Tables = Mapping[str, list[Row]]

TABLES = (
    "account",
    "address_upload",
    "authority",
    "certificate",
    "certificate_order",
    "crl",
    "event",
    "event_head",
    "event_mark",
    "invoice",
    "invoice_mark",
    "journal",
    "journal_head",
    "lease",
    "ledger_balance",
    "ledger_movement",
    "mailbox_authority",
    "oauth_token",
    "ocsp_responder",
    "record",
    "top_up",
    "webhook",
    "webhook_delivery",
)
MOST_ASKED = 400
"""Of so many serials at most each node is asked by OCSP: those that are revoked first."""


@dataclass(frozen=True)
class Signed:
    """One signature that a key made, whether anybody has seen it or not; `key` is the digest of its public half."""

    node: str
    key: str
    message: bytes
    signature: bytes


@dataclass(frozen=True)
class Word:
    """What one node told strangers when all was quiet: its list, and what it says of serials; `at` is when."""

    node: str
    at: datetime
    crl: bytes
    ocsp: Mapping[str, str]


@dataclass(frozen=True)
class Evidence:
    """Both sides of each comparison."""

    tables: Tables
    signed: tuple[Signed, ...]
    exchanges: tuple[Exchange, ...]
    words: tuple[Word, ...]
    arrived: tuple[Received, ...] = ()
    """What reached the account's webhook."""
    secret: str = ""
    """What it is signed with."""

    def authority(self, name: str) -> x509.Certificate:
        """The certificate of an authority."""
        (found,) = [one for one in self.tables["authority"] if one["id"] == name]
        return x509.load_der_x509_certificate(found["certificate_der"])

    def journal(self, *kinds: str) -> list[Row]:
        """The journal's rows of some kinds, each with its detail read."""
        return [row | {"detail": detail(row)} for row in self.tables["journal"] if row["kind"] in kinds]


def detail(row: Row) -> dict[str, Any]:
    """The facts of a journal row: SQLite keeps them as text."""
    found: dict[str, Any] = json.loads(row["detail"]) if isinstance(row["detail"], str) else row["detail"]
    return found


def moment(value: Any) -> datetime:
    """A moment of either engine: SQLite keeps it as text, in UTC."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def of_sqlite(file: Path) -> Tables:
    """The books in a file, at one moment."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as books:
        books.row_factory = sqlite3.Row
        books.execute("BEGIN")
        return {name: [dict(row) for row in books.execute(f"SELECT * FROM {name}")] for name in TABLES}


def of_postgresql(address: str) -> Tables:
    """The books in a server, at one moment."""
    with psycopg.connect(address, row_factory=dict_row) as books:
        books.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return {name: books.execute(f"SELECT * FROM {name}".encode()).fetchall() for name in TABLES}


def signatures(files: Iterable[Path]) -> tuple[Signed, ...]:
    """What every node's keys signed."""
    lines = [json.loads(line) for file in files if file.exists() for line in file.read_text("utf-8").splitlines()]
    return tuple(Signed(one["node"], one["key"], bytes.fromhex(one["signed"]), bytes.fromhex(one["signature"])) for one in lines)


def word_of(node: str, base_url: str, tables: Tables) -> Word:
    """Ask a node for its list and for the status of the books' serials."""
    (found,) = [one for one in tables["authority"] if one["id"] == "issuing"]
    issuer = x509.load_der_x509_certificate(found["certificate_der"])
    headers = {"Content-Type": "application/ocsp-request"}
    with httpx2.Client(base_url=base_url, timeout=30) as http:
        listed = http.get("/crl/issuing.crl").raise_for_status().content
        said = {}
        for serial in _asked(tables):
            answer = http.post("/ocsp", content=status_request(issuer, serial), headers=headers).raise_for_status()
            read = ocsp.load_der_ocsp_response(answer.content)
            is_answer = read.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
            said[serial] = read.certificate_status.name if is_answer else read.response_status.name
    return Word(node, datetime.now(UTC), listed, said)


def _asked(tables: Tables) -> Sequence[str]:
    ordered = sorted(tables["record"], key=lambda one: (one["state"] == "issued", one["id"]))
    return [one[name] for one in ordered for name in ("signing_serial", "encryption_serial")][:MOST_ASKED]


def gather(tables: Tables, witnesses: Iterable[Path], written: Path, words: Iterable[Word]) -> Evidence:
    """All of it."""
    return Evidence(tables, signatures(witnesses), diary.read(written), tuple(words))


def digest(content: bytes) -> str:
    """SHA-256, as the books and the diary write it."""
    return sha256(content).hexdigest()
