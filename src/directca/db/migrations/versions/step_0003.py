"""Count every change of what vetting rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_COUNT = "UPDATE vetting_change SET number = number + 1 WHERE id = 1;"
_COUNTED = ("account", "organization", "domain_claim", "proofing", "agreement_acceptance", "mailbox_authority")


def upgrade() -> None:
    """Add the number, and on each table the triggers that advance it."""
    change = op.create_table(
        "vetting_change",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vetting_change")),
    )
    op.bulk_insert(change, [{"id": 1, "number": 0}])
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:
        op.execute(f"CREATE FUNCTION count_vetting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN {_COUNT} RETURN NULL; END'")
    action = "EXECUTE FUNCTION count_vetting()" if postgresql else f"BEGIN {_COUNT} END"
    for table in _COUNTED:
        for event in ("INSERT", "UPDATE", "DELETE"):
            op.execute(f"CREATE TRIGGER count_{table}_{event.lower()} AFTER {event} ON {table} {action}")
