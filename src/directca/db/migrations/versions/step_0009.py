"""Control of domains is shown: challenges, and every attempt to meet one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables. Nodes of the release before know nothing of them and need not."""
    op.create_table(
        "domain_challenge",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("mailbox", sa.String(), nullable=True),
        sa.Column("code_sha256", sa.String(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("settled_at", _MOMENT, nullable=True),
        sa.Column("claim_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_domain_challenge_account_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_domain_challenge_organization_id")),
        sa.ForeignKeyConstraint(["claim_id"], ["domain_claim.id"], name=op.f("fk_domain_challenge_claim_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_challenge")),
    )
    op.create_index(op.f("ix_domain_challenge_account_id_made_at"), "domain_challenge", ["account_id", "made_at"])
    op.create_index(op.f("ix_domain_challenge_organization_id_domain"), "domain_challenge", ["organization_id", "domain"])
    op.create_index(op.f("ix_domain_challenge_claim_id"), "domain_challenge", ["claim_id"])
    op.create_table(
        "domain_attempt",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("challenge_id", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["domain_challenge.id"], name=op.f("fk_domain_attempt_challenge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domain_attempt")),
    )
    op.create_index(op.f("ix_domain_attempt_challenge_id_at"), "domain_attempt", ["challenge_id", "at"])
    op.create_index(op.f("ix_domain_attempt_domain_at"), "domain_attempt", ["domain", "at"])
