"""Proposals: what waits for a second officer, the pairs that it is about, and what others say of it."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Add the tables. An older release acts on every order at once, as it did."""
    op.create_table(
        "proposal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("account_id", sa.String()),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposer_names", sa.JSON(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("proposed_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("confirmations_needed", sa.Integer(), nullable=False),
        sa.Column("closed_at", _MOMENT),
        sa.Column("result", sa.String()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_proposal_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_state_proposed_at"), "proposal", ["state", "proposed_at"])
    op.create_index(op.f("ix_proposal_account_id"), "proposal", ["account_id"])
    op.create_index("uq_proposal_open", "proposal", ["digest"], unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN)
    _about()


def _about() -> None:
    op.create_table(
        "proposal_record",
        sa.Column("proposal_id", sa.String(length=32), nullable=False),
        sa.Column("record_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_proposal_record_proposal_id")),
        sa.ForeignKeyConstraint(["record_id"], ["record.id"], name=op.f("fk_proposal_record_record_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_proposal_record_account_id")),
        sa.PrimaryKeyConstraint("proposal_id", "record_id", name=op.f("pk_proposal_record")),
    )
    op.create_index(op.f("ix_proposal_record_proposal_id_account_id"), "proposal_record", ["proposal_id", "account_id"])
    op.create_table(
        "proposal_opinion",
        sa.Column("proposal_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"], name=op.f("fk_proposal_opinion_proposal_id")),
        sa.PrimaryKeyConstraint("proposal_id", "number", name=op.f("pk_proposal_opinion")),
    )
