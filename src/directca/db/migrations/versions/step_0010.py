"""Roles as grants of which no person holds two that check one another, second factors, and sessions that know of them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
works_with = "0004"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_SEPARATE = "role IN ('administrator', 'auditor', 'officer')"
_GRANTED = "role IN ('administrator', 'auditor', 'officer', 'operator', 'ra_officer', 'representative', 'trusted_agent')"


def upgrade() -> None:
    """Add the tables and the columns. Older nodes go on asking `person.role`, which goes on saying who is an officer."""
    _roles()
    _factors()
    for name, kind in (("second_factor_at", _MOMENT), ("challenge", sa.String(length=64)), ("challenge_ends_at", _MOMENT)):
        op.add_column("person_session", sa.Column(name, kind, nullable=True))


def _roles() -> None:
    op.create_table(
        "person_role",
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_at", _MOMENT, nullable=False),
        sa.CheckConstraint(_GRANTED, name=op.f("ck_person_role_known")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_role_person_id")),
        sa.PrimaryKeyConstraint("person_id", "role", name=op.f("pk_person_role")),
    )
    op.create_index(
        "uq_person_role_separate",
        "person_role",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text(_SEPARATE),
        postgresql_where=sa.text(_SEPARATE),
    )
    op.execute(
        "INSERT INTO person_role (person_id, role, granted_by, granted_at) "
        "SELECT id, 'officer', 'directca:upgrade', created_at FROM person WHERE role = 'officer'"
    )


def _factors() -> None:
    person = ["person_id"], ["person.id"]
    op.create_table(
        "authenticator_app",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(*person, name=op.f("fk_authenticator_app_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authenticator_app")),
    )
    op.create_index(op.f("ix_authenticator_app_person_id"), "authenticator_app", ["person_id"])
    op.create_table(
        "passkey",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(*person, name=op.f("fk_passkey_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
    )
    op.create_index(op.f("ix_passkey_person_id"), "passkey", ["person_id"])
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(*person, name=op.f("fk_recovery_code_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_person_id"), "recovery_code", ["person_id"])
