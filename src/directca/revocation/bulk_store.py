"""Revocations in bulk: what was asked for, and how far each has come."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text

from directca.db.schema import UtcDateTime, metadata

bulk_revocation = Table(
    "bulk_revocation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("selection", Text, nullable=False),
    Column("reason", String, nullable=False),
    Column("invalidity_date", UtcDateTime),
    Column("actor", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("total", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
)

bulk_revocation_item = Table(
    "bulk_revocation_item",
    metadata,
    Column("job_id", String(32), ForeignKey("bulk_revocation.id"), primary_key=True),
    Column("record_id", String(32), ForeignKey("record.id"), primary_key=True),
    Column("outcome", String),
)
