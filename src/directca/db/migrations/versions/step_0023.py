"""Sign-ins at external identity providers."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the table. An older release begins none."""
    op.create_table(
        "identity_sign_in",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("actor_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("state_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("declarations_version", sa.String(), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
        sa.Column("outcome", sa.String()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_sign_in")),
    )
    op.create_index(op.f("ix_identity_sign_in_state_sha256"), "identity_sign_in", ["state_sha256"], unique=True)
    op.create_index(op.f("ix_identity_sign_in_person_id"), "identity_sign_in", ["person_id"])
