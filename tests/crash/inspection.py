"""An inspector who comes afterwards, looks at the database and at what was signed, and asks no code how it is.

    inspect(database, house.folder / SIGNATURES, moment)

It raises AssertionError for everything that must never be: a signature that the register does not know, a pair of one, money
that is neither spent nor there, a CRL that went back, a certificate that is revoked and not listed or listed and not revoked.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, load_der_ocsp_response
from sqlalchemy import text

from directca.db.engine import Database, Tx
from directca.journal.verify import verify
from tests.material import NULL, RSA_WITH, oid, sequence, tlv
from tests.world import PLENTY

SHA256_WITH_RSA = sequence(oid(RSA_WITH[hashes.SHA256]), NULL)
SIDES = {
    ("deposit", "cash", "available"),
    ("authorize", "available", "reserved"),
    ("capture", "reserved", "revenue"),
    ("release", "reserved", "available"),
    ("refund", "revenue", "available"),
}
ONLINE = timedelta(hours=72)
"""No list lasts for longer whose key is where it is served."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Signed:
    """Everything that the authority's keys have ever signed, whether anybody has seen it or not."""

    certificates: tuple[x509.Certificate, ...]
    lists: tuple[x509.CertificateRevocationList, ...]
    answers: tuple[OCSPResponse, ...]


class Books:
    """The tables, as a bookkeeper with a database shell sees them."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(row._mapping) for row in self._tx.execute(text(statement), values)]

    def column(self, statement: str, **values: Any) -> list[Any]:
        """The first column of each row."""
        return list(self._tx.execute(text(statement), values).scalars())

    def details(self, kind: str) -> list[dict[str, Any]]:
        """What the journal's rows of a kind say."""
        found = self.column("SELECT detail FROM journal WHERE kind = :kind", kind=kind)
        return [json.loads(one) if isinstance(one, str) else one for one in found]


@dataclass(frozen=True)
class Found:
    """What a test may still want to know: the records of each name, oldest first, and what was spent."""

    records: tuple[Row, ...]
    spent: int

    def states(self) -> list[str]:
        """The records' states, oldest first."""
        return [one["state"] for one in self.records]


def inspect(database: Database, signatures: Path, now: datetime) -> Found:
    """Look at everything. The authority must be at rest: reconciled, and its CRL made."""
    signed = everything_signed(signatures)
    with database.read() as tx:
        # Only the journal's digests are left to the product, which computes them over its own form of a row.
        assert verify(tx).problems == ()
        books = Books(tx)
        records = tuple(books.rows("SELECT * FROM record ORDER BY created_at, position"))
        certificates = books.rows("SELECT * FROM certificate")
        _pairs(records, certificates)
        responders = books.rows("SELECT * FROM ocsp_responder")
        _known(signed, records, certificates, responders)
        _answers(signed, certificates, responders)
        _names(records)
        _lists(books, signed, records, now)
        _evidence(books, signed)
        return Found(records, _money(books))


def everything_signed(file: Path) -> Signed:
    certificates, lists, answers = [], [], []
    for line in file.read_text().splitlines():
        one = json.loads(line)
        signed = bytes.fromhex(one["signed"])
        whole = sequence(signed, SHA256_WITH_RSA, tlv(3, b"\0" + bytes.fromhex(one["signature"])))
        if b"\xa2\x16\x04\x14" in signed[:8]:  # it begins with a responderID by key (RFC 6960 4.2.1)
            answers.append(load_der_ocsp_response(_as_response(whole)))
            continue
        try:
            certificates.append(x509.load_der_x509_certificate(whole))
        except ValueError:
            lists.append(x509.load_der_x509_crl(whole))
    return Signed(tuple(certificates), tuple(lists), tuple(answers))


def _as_response(basic: bytes) -> bytes:
    return sequence(b"\x0a\x01\x00", tlv(0xA0, sequence(oid("1.3.6.1.5.5.7.48.1.1"), tlv(0x04, basic))))


def _pairs(records: tuple[Row, ...], certificates: list[dict[str, Any]]) -> None:
    """Each record has its two certificates, and either both are signed or, if it came to nothing, neither."""
    for record in records:
        usages = {one["usage"]: one for one in certificates if one["record_id"] == record["id"]}
        assert set(usages) == {"signing", "encryption"}
        assert record["state"] != "intended", f"{record['id']} was never settled"
        for usage, one in usages.items():
            assert one["serial"] == record[f"{usage}_serial"]
            assert (one["der"] is None) == bool(record["settled"])
            if one["der"] is not None:
                assert x509.load_der_x509_certificate(one["der"]).serial_number == int(one["serial"], 16)
        assert not record["settled"] or record["state"] == "revoked"


def _known(
    signed: Signed, records: tuple[Row, ...], certificates: list[dict[str, Any]], responders: list[dict[str, Any]]
) -> None:
    """No signature is a stranger: its serial is in the register, once, and was issued or revoked."""
    register = {int(one["serial"], 16): one for one in certificates}
    speakers = {int(one["serial"], 16): one for one in responders}
    states = {one["id"]: one["state"] for one in records}
    counted = Counter(one.serial_number for one in signed.certificates)
    assert all(times == 1 for times in counted.values())
    assert set(counted) <= set(register) | set(speakers)
    for one in signed.certificates:
        if one.serial_number in speakers:
            assert (speakers[one.serial_number]["der"] is None) <= (speakers[one.serial_number]["revoked_at"] is not None)
        else:
            assert states[register[one.serial_number]["record_id"]] in {"issued", "held", "revoked"}
    issued = {one["der"] for one in (*certificates, *responders) if one["der"] is not None}
    assert issued <= {one.public_bytes(Encoding.DER) for one in signed.certificates}


def _answers(signed: Signed, certificates: list[dict[str, Any]], responders: list[dict[str, Any]]) -> None:
    """*good* was said of nothing that was not issued."""
    issued = {int(one["serial"], 16) for one in (*certificates, *responders) if one["der"] is not None}
    for one in signed.answers:
        assert one.certificate_status is not OCSPCertStatus.GOOD or one.serial_number in issued


def _names(records: tuple[Row, ...]) -> None:
    """A name stands for one record at most, and the chain of succession has two sides that agree."""
    counted = Counter(one["identifier"] for one in records if one["current"])
    assert all(times == 1 for times in counted.values())
    by_id = {one["id"]: one for one in records}
    for one in records:
        assert one["supersedes"] is None or by_id[one["supersedes"]]["superseded_by"] == one["id"]
        assert one["superseded_by"] is None or by_id[one["superseded_by"]]["supersedes"] == one["id"]


def _lists(books: Books, signed: Signed, records: tuple[Row, ...], now: datetime) -> None:
    """CRLs only move forward, no number has two of them, and the newest lists what is revoked or held and not expired."""
    for authority in ("root", "issuing"):
        rows = books.rows("SELECT * FROM crl WHERE authority_id = :of ORDER BY number", of=authority)
        times = [row["this_update"] for row in rows]
        assert times == sorted(times)
        issuer = _issuer(books, authority)
        ours = [one for one in signed.lists if one.issuer == issuer]
        numbers = [_number(one) for one in ours]
        assert len(set(numbers)) == len(numbers), "one number, two lists"
        numbers = [_number(one) for one in ours if not _made_offline(one)]  # one that was made offline may never come
        assert set(numbers) <= {row["number"] for row in rows}, "a list whose number nobody reserved"
        published = x509.load_der_x509_crl([row["der"] for row in rows if row["published_at"] is not None][-1])
        assert published.next_update_utc is not None
        assert published.last_update_utc <= now < published.next_update_utc
        authorities = _revoked_authorities(books, authority)
        others = authorities | _revoked_responders(books, authority, now)
        assert {entry.serial_number for entry in published} == _revoked(records, authority, now) | others


def _number(one: x509.CertificateRevocationList) -> int:
    return one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _made_offline(one: x509.CertificateRevocationList) -> bool:
    assert one.next_update_utc is not None
    return one.next_update_utc - one.last_update_utc > ONLINE


def _revoked_authorities(books: Books, parent: str) -> set[int]:
    statement = "SELECT certificate_der FROM authority WHERE parent_id = :of AND revoked_at IS NOT NULL"
    return {x509.load_der_x509_certificate(der).serial_number for der in books.column(statement, of=parent)}


def _revoked_responders(books: Books, authority: str, now: datetime) -> set[int]:
    statement = "SELECT serial, not_after FROM ocsp_responder WHERE authority_id = :of AND revoked_at IS NOT NULL"
    return {int(one["serial"], 16) for one in books.rows(statement, of=authority) if _moment(one["not_after"]) >= now}


def _revoked(records: tuple[Row, ...], authority: str, now: datetime) -> set[int]:
    return {
        int(one[serial], 16)
        for one in records
        for serial in ("signing_serial", "encryption_serial")
        if one["authority_id"] == authority and one["state"] in ("held", "revoked") and _moment(one["not_after"]) >= now
    }


def _issuer(books: Books, authority: str) -> x509.Name:
    (der,) = books.column("SELECT certificate_der FROM authority WHERE id = :of", of=authority)
    return x509.load_der_x509_certificate(der).subject


def _evidence(books: Books, signed: Signed) -> None:
    """Nothing was signed that the journal had not said before (invariant 8)."""
    rows = books.details("certificate.intended")
    told = {int(row[serial], 16) for row in rows for serial in ("signing_serial", "encryption_serial")}
    rows = books.details("responder.intended")
    told |= {int(row["serial"], 16) for row in rows}
    assert {one.serial_number for one in signed.certificates} <= told
    rows = books.details("crl.intended")
    assert {_number(one) for one in signed.lists if not _made_offline(one)} <= {row["number"] for row in rows}
    # What was made offline was ordered before, and is published only with a row that says so.
    rows = books.details("crl.ordered")
    offline = {_number(one) for one in signed.lists if _made_offline(one)}
    assert all(any(row["number_above"] < number for row in rows) for number in offline)
    rows = books.details("crl.brought")
    numbers = set(books.column("SELECT number FROM crl WHERE published_at IS NOT NULL"))
    assert offline & numbers == {row["number"] for row in rows}


def _money(books: Books) -> int:
    """Nothing is set aside; what is gone was captured for a pair that exists. Answers how much that is."""
    sides = {tuple(row.values()) for row in books.rows("SELECT kind, debit_ledger, credit_ledger FROM ledger_movement")}
    assert sides <= SIDES
    orders = books.rows("SELECT * FROM certificate_order")
    settled = {row["order_id"]: row["settled"] for row in books.rows("SELECT order_id, settled FROM record")}
    assert set(settled) == {one["id"] for one in orders}
    for one in orders:
        assert one["state"] == ("released" if settled[one["id"]] else "captured")
    given_back = {row["order_id"]: row["amount"] for row in books.rows("SELECT * FROM ledger_movement WHERE kind = 'refund'")}
    assert all(given_back[one["id"]] == one["amount"] for one in orders if one["id"] in given_back)
    spent: int = sum(one["amount"] for one in orders if one["state"] == "captured" and one["id"] not in given_back)
    assert books.rows("SELECT sum(available) AS available, sum(reserved) AS reserved FROM ledger_balance") == [
        {"available": PLENTY - spent, "reserved": 0}
    ]
    # What revenue earned is what it was credited with, less what was given back; the money came from cash.
    earned = "SELECT coalesce(sum(amount), 0) FROM ledger_movement WHERE credit_ledger = 'revenue'"
    paid_in = "SELECT coalesce(sum(amount), 0) FROM ledger_movement WHERE debit_ledger = 'cash'"
    assert (books.column(earned), books.column(paid_in)) == ([spent + sum(given_back.values())], [PLENTY])
    settled_amounts = """
        SELECT count(*) FROM ledger_movement AS authorized
        LEFT JOIN ledger_movement AS done ON done.order_id = authorized.order_id AND done.step = 'settlement'
        WHERE authorized.step = 'authorization' AND (done.amount IS NULL OR authorized.amount != done.amount)
    """
    assert books.column(settled_amounts) == [0]
    return spent


def _moment(stored: str | datetime) -> datetime:
    """SQLite has texts."""
    return datetime.fromisoformat(stored).replace(tzinfo=UTC) if isinstance(stored, str) else stored
