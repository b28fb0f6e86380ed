"""Events: what accounts are told, up to where the journal was followed for it, and what was told of ends."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ACCOUNT = ["account_id"], ["account.id"]


def upgrade() -> None:
    """Add the tables. What the journal says already is not told: the mark begins at its end."""
    op.create_table(
        "event",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("journal_position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(*_ACCOUNT, name=op.f("fk_event_account_id")),
        sa.PrimaryKeyConstraint("account_id", "position", name=op.f("pk_event")),
        sa.UniqueConstraint("id", name=op.f("uq_event_id")),
        sa.UniqueConstraint("journal_position", name=op.f("uq_event_journal_position")),
    )
    op.create_index(op.f("ix_event_at"), "event", ["at"])
    op.create_table(
        "event_head",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(*_ACCOUNT, name=op.f("fk_event_head_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_event_head")),
    )
    op.create_table(
        "event_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_mark")),
    )
    op.execute("INSERT INTO event_mark (id, position) SELECT 1, coalesce(max(position), 0) FROM journal_head")
    op.create_table(
        "event_subscriber",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("application", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(*_ACCOUNT, name=op.f("fk_event_subscriber_account_id")),
        sa.PrimaryKeyConstraint("account_id", "application", name=op.f("pk_event_subscriber")),
    )
    op.create_table(
        "expiry_notice",
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("said_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("about", name=op.f("pk_expiry_notice")),
    )
    op.create_index(op.f("ix_expiry_notice_ends_at"), "expiry_notice", ["ends_at"])
