"""Events by mail: who wants which, and the letters."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the tables. A release that does not know them writes to nobody."""
    op.create_table(
        "letter_choice",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_letter_choice_account_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_letter_choice_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_letter_choice")),
    )
    op.create_index(op.f("ix_letter_choice_account_id"), "letter_choice", ["account_id"])
    op.create_table(
        "event_letter",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("next_at", _MOMENT, nullable=False),
        sa.Column("settled_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_event_letter_person_id")),
        sa.PrimaryKeyConstraint("person_id", "event_id", name=op.f("pk_event_letter")),
    )
    op.create_index(op.f("ix_event_letter_settled_at"), "event_letter", ["settled_at"])
    op.create_index(
        "ix_event_letter_waiting",
        "event_letter",
        ["next_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
