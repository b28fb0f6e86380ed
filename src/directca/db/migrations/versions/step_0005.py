"""How far the journal has been exported, for each who keeps a copy."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "journal_export",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("target", name=op.f("pk_journal_export")),
    )
