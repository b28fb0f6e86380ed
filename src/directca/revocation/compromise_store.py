"""Reports that a key is compromised, each with the proof that came with it."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, insert, select

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata
from directca.revocation.compromise_model import Report

compromise_report = Table(
    "compromise_report",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("modulus_sha256", String(64), nullable=False),
    Column("spki_sha256", String(64), nullable=False),
    Column("method", String, nullable=False),
    Column("evidence", LargeBinary, nullable=False),
    Column("reported_at", UtcDateTime, nullable=False),
    Column("reporter", String, nullable=False),
    Column("revoked", Integer, nullable=False),
    Index(None, "reported_at"),
    Index(None, "modulus_sha256"),
)


def add(tx: Tx, report: Report, evidence: bytes) -> None:
    """Keep a report with its evidence."""
    values = {
        "id": report.id,
        "modulus_sha256": report.modulus_sha256,
        "spki_sha256": report.spki_sha256,
        "method": report.method,
        "evidence": evidence,
        "reported_at": report.reported_at,
        "reporter": report.reporter,
        "revoked": report.revoked,
    }
    tx.execute(insert(compromise_report), values)


def known(tx: Tx, modulus_sha256: str) -> bool:
    """Whether the key was reported before."""
    statement = select(compromise_report.c.id).where(compromise_report.c.modulus_sha256 == modulus_sha256).limit(1)
    return tx.execute(statement).one_or_none() is not None


def newest(tx: Tx, most: int) -> tuple[Report, ...]:
    """The last reports, newest first. What has the key now is not among what is kept; how many pairs were revoked then is."""
    columns = compromise_report.c
    rows = tx.execute(select(compromise_report).order_by(columns.reported_at.desc(), columns.id).limit(most))
    return tuple(
        Report(
            row.id,
            row.modulus_sha256,
            row.spki_sha256,
            row.method,
            row.reported_at,
            row.reporter,
            is_certified=row.revoked > 0,
            revoked=row.revoked,
        )
        for row in rows
    )
