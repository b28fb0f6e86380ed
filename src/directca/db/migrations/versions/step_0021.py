"""Invitations and sign-ups, and people whose access has ended for good."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables, and a column that may be null: whoever was removed is suspended as well, which an older release knows."""
    op.add_column("person", sa.Column("removed_at", _MOMENT))
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("invited_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("settled_at", _MOMENT),
        sa.Column("token_sha256", sa.String(length=64)),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_invitation_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_invitation_token_sha256")),
    )
    op.create_index(op.f("ix_invitation_account_id_invited_at"), "invitation", ["account_id", "invited_at"])
    op.create_table(
        "sign_up",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("code_sha256", sa.String(length=64)),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_up")),
    )
    op.create_index(op.f("ix_sign_up_expires_at"), "sign_up", ["expires_at"])
    op.create_index(op.f("ix_sign_up_email_begun_at"), "sign_up", ["email", "begun_at"])
