"""Quotas of accounts, and the indexes by which their pairs are counted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the indexes. An older release does not know the table and so grants what it always did."""
    op.create_table(
        "account_quota",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("pairs_per_day", sa.Integer(), nullable=True),
        sa.Column("pairs_per_month", sa.Integer(), nullable=True),
        sa.Column("current_pairs", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_quota_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_quota")),
    )
    op.create_index("ix_certificate_order_account", "certificate_order", ["account_id", "created_at"])
    op.create_index(
        "ix_record_account_current",
        "record",
        ["account_id", "state", "not_after"],
        sqlite_where=sa.text("current IS 1 AND position IS NOT NULL"),
        postgresql_where=sa.text("current IS true AND position IS NOT NULL"),
    )
