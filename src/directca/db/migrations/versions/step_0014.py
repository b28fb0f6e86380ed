"""Administrators of accounts, and applications that accounts keep themselves: secrets that overlap, and who stopped one."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add a table, and columns that may be null. An older release minds none of them; for it, an old secret ends at once."""
    op.create_table(
        "account_administrator",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_administrator_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_account_administrator")),
    )
    op.add_column("application", sa.Column("previous_digest", sa.String(length=64)))
    op.add_column("application", sa.Column("previous_ends_at", _MOMENT))
    op.add_column("application", sa.Column("disabled_by", sa.String(length=16)))
