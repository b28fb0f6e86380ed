"""Long lists: their entries in blocks, kept beside the entries."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
works_with = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables. A release that does not know them changes entries as before, and the feed tells of it."""
    op.create_table(
        "crl_kept",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "partition", name=op.f("pk_crl_kept")),
    )
    op.create_table(
        "crl_block",
        sa.Column("authority_id", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.Column("last", sa.LargeBinary(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("newest", sa.LargeBinary(), nullable=False),
        sa.Column("ascending", sa.Boolean(), nullable=False),
        sa.Column("earliest_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("authority_id", "partition", "first", name=op.f("pk_crl_block")),
        sqlite_with_rowid=False,
    )
