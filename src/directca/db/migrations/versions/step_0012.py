"""Applications: cases with their history, the people of organizations, reviews, and evidence numbers that are sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_UNDECIDED = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Add the tables, and columns that may be null. An older release minds none of them."""
    op.add_column("organization", sa.Column("review_due_at", _MOMENT))
    op.add_column("proofing", sa.Column("evidence_sealed", sa.LargeBinary()))
    op.add_column("proofing", sa.Column("declarations_version", sa.String()))
    _cases()
    _people()


def _cases() -> None:
    op.create_table(
        "vetting_case",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("submitted_at", _MOMENT),
        sa.Column("closed_at", _MOMENT),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_vetting_case_account_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_vetting_case_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vetting_case")),
    )
    op.create_index(op.f("ix_vetting_case_account_id"), "vetting_case", ["account_id"])
    op.create_index(op.f("ix_vetting_case_organization_id"), "vetting_case", ["organization_id"])
    op.create_index(op.f("ix_vetting_case_state_submitted_at"), "vetting_case", ["state", "submitted_at"])
    op.create_index(
        "uq_vetting_case_undecided",
        "vetting_case",
        ["organization_id"],
        unique=True,
        sqlite_where=_UNDECIDED,
        postgresql_where=_UNDECIDED,
    )
    op.create_table(
        "case_entry",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["vetting_case.id"], name=op.f("fk_case_entry_case_id")),
        sa.PrimaryKeyConstraint("case_id", "number", name=op.f("pk_case_entry")),
    )


def _people() -> None:
    op.create_table(
        "organization_person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("organization_id", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("method", sa.String()),
        sa.Column("evidence_type", sa.String()),
        sa.Column("evidence_number", sa.String()),
        sa.Column("evidence_sealed", sa.LargeBinary()),
        sa.Column("verifier", sa.String()),
        sa.Column("proofed_at", _MOMENT),
        sa.Column("declarations_version", sa.String()),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_organization_person_account_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_organization_person_organization_id")),
        sa.ForeignKeyConstraint(["case_id"], ["vetting_case.id"], name=op.f("fk_organization_person_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_person")),
    )
    op.create_index(op.f("ix_organization_person_account_id"), "organization_person", ["account_id"])
    op.create_index(op.f("ix_organization_person_organization_id"), "organization_person", ["organization_id"])
    op.create_index(op.f("ix_organization_person_case_id"), "organization_person", ["case_id"])
