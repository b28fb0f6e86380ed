"""Money: invoices, announced payments, balance alarms, people's addresses, and the index by which statements are read."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_KEYED = sa.text("idempotency_key IS NOT NULL")


def upgrade() -> None:
    """Add tables, a column that may be null, and an index. An older release books as it did; of refunds it knows nothing."""
    op.add_column("person", sa.Column("email", sa.String(length=254)))
    op.create_index(op.f("ix_ledger_movement_account_id_at"), "ledger_movement", ["account_id", "at"])
    _invoices()
    _top_ups()
    op.create_table(
        "balance_alarm",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", _MOMENT, nullable=False),
        sa.Column("told_at", _MOMENT),
        sa.Column("letter_at", _MOMENT),
        sa.CheckConstraint("threshold > 0", name=op.f("ck_balance_alarm_threshold")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_balance_alarm_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balance_alarm")),
    )


def _invoices() -> None:
    op.create_table(
        "invoice",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("movement_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.String(length=32)),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.Column("supplied_at", _MOMENT, nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invoice_account_id")),
        sa.PrimaryKeyConstraint("kind", "year", "sequence", name=op.f("pk_invoice")),
        sa.UniqueConstraint("movement_id", name=op.f("uq_invoice_movement_id")),
    )
    op.create_index(op.f("ix_invoice_order_id"), "invoice", ["order_id"])
    op.create_index(op.f("ix_invoice_account_id_movement_id"), "invoice", ["account_id", "movement_id"])
    op.create_table(
        "invoice_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("movement_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_mark")),
    )


def _top_ups() -> None:
    op.create_table(
        "top_up",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(length=32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("purchase_order", sa.String(length=64)),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("pay_by", _MOMENT, nullable=False),
        sa.Column("settled_at", _MOMENT),
        sa.Column("received", sa.BigInteger()),
        sa.Column("idempotency_key", sa.String()),
        sa.CheckConstraint("amount > 0", name=op.f("ck_top_up_amount")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_top_up_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up")),
        sa.UniqueConstraint("reference", name=op.f("uq_top_up_reference")),
    )
    op.create_index(op.f("ix_top_up_account_id_asked_at"), "top_up", ["account_id", "asked_at"])
    op.create_index(op.f("ix_top_up_state_asked_at"), "top_up", ["state", "asked_at"])
    op.create_index(
        "uq_top_up_idempotency_key",
        "top_up",
        ["account_id", "idempotency_key"],
        unique=True,
        sqlite_where=_KEYED,
        postgresql_where=_KEYED,
    )
