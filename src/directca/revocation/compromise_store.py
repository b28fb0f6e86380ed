"""Reports that a key is compromised, each with the proof that came with it."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table, insert, select

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
