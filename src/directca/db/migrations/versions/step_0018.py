"""Files of addresses, and their rows that cannot be taken."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables. An older release minds neither."""
    op.create_table(
        "address_upload",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("brought_at", _MOMENT, nullable=False),
        sa.Column("settled_at", _MOMENT),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_address_upload_account_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_address_upload_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_upload")),
    )
    op.create_index(op.f("ix_address_upload_organization_id_brought_at"), "address_upload", ["organization_id", "brought_at"])
    op.create_index(op.f("ix_address_upload_state"), "address_upload", ["state"])
    op.create_table(
        "address_upload_row",
        sa.Column("upload_id", sa.String(length=32), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["upload_id"], ["address_upload.id"], name=op.f("fk_address_upload_row_upload_id")),
        sa.PrimaryKeyConstraint("upload_id", "line", name=op.f("pk_address_upload_row")),
    )
