"""Reports that a key is compromised, each with the proof that came with it."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from directca.db.schema import UtcDateTime, metadata

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
