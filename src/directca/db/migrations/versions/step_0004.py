"""Status at scale: entries of CRLs kept encoded, lists in partitions, a feed of changes, responders, revocations in bulk."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_FULL = ""
_CODES = {
    "keyCompromise": 1,
    "cACompromise": 2,
    "affiliationChanged": 3,
    "superseded": 4,
    "cessationOfOperation": 5,
    "certificateHold": 6,
    "privilegeWithdrawn": 9,
}
_ADDRESS = re.compile(rb"\x86([\x08-\x7f])(http://[!-~]+)")
_AT_ONCE = 1000


def upgrade() -> None:
    """Add the tables and columns, and fill what follows from the records and certificates that are there."""
    op.add_column("record", sa.Column("invalidity_date", _MOMENT, nullable=True))
    op.add_column("certificate", sa.Column("crl_partition", sa.String(), nullable=False, server_default=_FULL))
    for name, kind in (("revoked_at", _MOMENT), ("revocation_reason", sa.String()), ("invalidity_date", _MOMENT)):
        op.add_column("authority", sa.Column(name, kind, nullable=True))
    _lists()
    _entries()
    _addresses()
    _responders()
    _bulk()
    if op.get_bind().execute(sa.text("SELECT count(*) FROM authority")).scalar():
        _fill_lists()
        _fill_entries()
        _fill_addresses()
    op.drop_table("crl_before")


def _lists() -> None:
    op.create_table(
        "crl_partition",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("changed_version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_crl_partition_authority_id")),
        sa.PrimaryKeyConstraint("authority_id", "name", name=op.f("pk_crl_partition")),
    )
    op.rename_table("crl", "crl_before")
    op.drop_index("ix_crl_published", "crl_before")
    if op.get_bind().dialect.name == "postgresql":  # there, two tables cannot have constraints of one name
        op.execute("ALTER TABLE crl_before RENAME CONSTRAINT pk_crl TO pk_crl_before")
    op.create_table(
        "crl",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("this_update", _MOMENT, nullable=False),
        sa.Column("next_update", _MOMENT, nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("status_version", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.String(), nullable=False),
        sa.Column("tbs_sha256", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.Column("published_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_crl_authority_id")),
        sa.PrimaryKeyConstraint("authority_id", "partition", "number", name=op.f("pk_crl")),
    )
    op.create_index("ix_crl_published", "crl", ["authority_id", "partition", "published_at", "number"])


def _entries() -> None:
    op.create_table(
        "crl_entry",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("serial", sa.LargeBinary(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("not_after", _MOMENT, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "partition", "serial", name=op.f("pk_crl_entry")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_crl_entry_not_after", "crl_entry", ["authority_id", "partition", "not_after"])
    op.create_table(
        "status_change",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "version", "serial", name=op.f("pk_status_change")),
        sqlite_with_rowid=False,
    )


def _addresses() -> None:
    op.create_table(
        "named_address",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("first_named_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("uri", name=op.f("pk_named_address")),
    )


def _responders() -> None:
    op.create_table(
        "ocsp_responder",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("key_reference", sa.String(), nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("not_after", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("tbs_sha256", sa.String(length=64), nullable=False),
        sa.Column("tbs", sa.LargeBinary(), nullable=True),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.Column("revocation_reason", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_ocsp_responder_authority_id")),
        sa.PrimaryKeyConstraint("authority_id", "serial", name=op.f("pk_ocsp_responder")),
    )


def _bulk() -> None:
    op.create_table(
        "bulk_revocation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("selection", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("invalidity_date", _MOMENT, nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_revocation")),
    )
    op.create_table(
        "bulk_revocation_item",
        sa.Column("job_id", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["bulk_revocation.id"], name=op.f("fk_bulk_revocation_item_job_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_bulk_revocation_item_record_id")),
        sa.PrimaryKeyConstraint("job_id", "record_id", name=op.f("pk_bulk_revocation_item")),
    )
    op.create_table(
        "compromise_report",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("modulus_sha256", sa.String(length=64), nullable=False),
        sa.Column("spki_sha256", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("reported_at", _MOMENT, nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("revoked", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compromise_report")),
    )


def _fill_lists() -> None:
    op.execute("""
        INSERT INTO crl_partition (authority_id, name, changed_version, created_at)
        SELECT id, '', status_version, created_at FROM authority
    """)
    op.execute("""
        INSERT INTO crl (authority_id, partition, number, this_update, next_update, entries, status_version, points,
                         tbs_sha256, der, published_at)
        SELECT authority_id, '', number, this_update, next_update, entries, status_version, '', tbs_sha256, der, published_at
        FROM crl_before
    """)


def _fill_entries() -> None:
    """What the next list of each authority has: held or revoked, and not yet on a list that was made past its notAfter."""
    bind = op.get_bind()
    found = bind.execute(
        sa.text("""
            SELECT record.authority_id, signing_serial, encryption_serial, coalesce(record.revoked_at, updated_at),
                   record.revocation_reason, record.not_after, authority.status_version
            FROM record JOIN authority ON authority.id = record.authority_id
            WHERE state IN ('held', 'revoked') AND record.not_after >= coalesce(
                (SELECT max(this_update) FROM crl WHERE crl.authority_id = record.authority_id AND published_at IS NOT NULL), '')
        """)
    )
    statement = sa.text("""
        INSERT INTO crl_entry (authority_id, partition, serial, der, not_after, version) VALUES (:a, '', :s, :d, :n, :v)
    """)
    for rows in found.partitions(_AT_ONCE):
        bind.execute(
            statement,
            [
                {"a": row[0], "s": integer[1:], "d": _entry(integer, row[3], row[4]), "n": row[5], "v": row[6]}
                for row in rows
                for integer in map(_integer, (row[1], row[2]))
            ],
        )


def _integer(serial: str) -> bytes:
    number = int(serial, 16)
    content = number.to_bytes(number.bit_length() // 8 + 1, "big")
    return bytes((0x02, len(content))) + content


def _entry(integer: bytes, revoked_at: Any, reason: str | None) -> bytes:
    moment = datetime.fromisoformat(str(revoked_at)).replace(tzinfo=UTC)
    content = integer + b"\x17\x0d" + moment.strftime("%y%m%d%H%M%SZ").encode()
    code = None if reason is None else _CODES.get(reason)
    if code is not None:
        content += bytes.fromhex("300c300a0603551d1504030a01") + bytes((code,))
    return bytes((0x30, len(content))) + content


def _fill_addresses() -> None:
    """Every address that a certificate names, as far as the certificates themselves say."""
    bind = op.get_bind()
    seen: dict[str, tuple[str, str, Any]] = {}
    for authority_id, ders, at in _certificates(bind):
        for length, text in _ADDRESS.findall(ders):
            uri = text[: length[0]].decode("ascii")
            if uri.endswith((".crl", ".cer")):
                seen.setdefault(uri, ("crl" if uri.endswith(".crl") else "ca_issuers", authority_id, at))
    statement = sa.text("""
        INSERT INTO named_address (uri, kind, authority_id, partition, first_named_at) VALUES (:uri, :kind, :of, '', :at)
    """)
    for uri, (kind, of, at) in seen.items():
        bind.execute(statement, {"uri": uri, "kind": kind, "of": of, "at": at})


def _certificates(bind: sa.Connection) -> Iterator[tuple[str, bytes, Any]]:
    """Each certificate with the authority that signed it."""
    for row in bind.execute(sa.text("SELECT parent_id, certificate_der, created_at FROM authority WHERE parent_id IS NOT NULL")):
        yield row[0], row[1], row[2]
    issued = sa.text("""
        SELECT certificate.authority_id, der, record.created_at FROM certificate JOIN record ON record.id = record_id
        WHERE der IS NOT NULL ORDER BY certificate.rowid
    """)
    for rows in bind.execute(issued).partitions(_AT_ONCE):
        for row in rows:
            yield row[0], row[1], row[2]
