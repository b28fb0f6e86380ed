"""Rates of calls: one moment for each caller."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table. Nodes of the release before know nothing of it and need not."""
    op.create_table(
        "rate_use",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rate_use")),
    )
    op.create_index(op.f("ix_rate_use_arrival"), "rate_use", ["arrival"])
