"""Fewer writes for each pair: a movement is its own two entries, and rows stand in the indexes that find them."""

import sqlalchemy as sa
from alembic import op

from directca.db.errors import DatabaseUnusable

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ADD_SIDES = sa.text("""
    UPDATE ledger_movement SET
        debit_ledger = CASE kind
            WHEN 'deposit' THEN 'cash' WHEN 'authorize' THEN 'available'
            WHEN 'capture' THEN 'reserved' WHEN 'release' THEN 'reserved' END,
        credit_ledger = CASE kind
            WHEN 'deposit' THEN 'available' WHEN 'authorize' THEN 'reserved'
            WHEN 'capture' THEN 'revenue' WHEN 'release' THEN 'available' END
""")
_UNLIKE_ITS_ENTRIES = sa.text("""
    SELECT id FROM ledger_movement AS movement WHERE NOT (
        (SELECT count(*) FROM ledger_entry WHERE movement_id = movement.id) = 2
        AND EXISTS (SELECT 1 FROM ledger_entry
            WHERE movement_id = movement.id AND ledger = movement.debit_ledger AND amount = -movement.amount)
        AND EXISTS (SELECT 1 FROM ledger_entry
            WHERE movement_id = movement.id AND ledger = movement.credit_ledger AND amount = movement.amount)
    )
    UNION SELECT movement_id FROM ledger_entry WHERE movement_id NOT IN (SELECT id FROM ledger_movement)
    ORDER BY 1 LIMIT 1
""")
_WITH_POSITION = {
    "uq_record_position": ["position"],
    "ix_record_account": ["account_id", "position", "identifier"],
    "ix_record_account_identifier": ["account_id", "identifier", "position"],
    "ix_record_account_reversed": ["account_id", "identifier_reversed", "position"],
}


def upgrade() -> None:
    """Change the books, the orders' keys and the register's indexes. Raises DatabaseUnusable for books that do not balance."""
    _ledger()
    _orders()
    _register()


def _ledger() -> None:
    op.add_column("ledger_movement", sa.Column("debit_ledger", sa.String(), nullable=True))
    op.add_column("ledger_movement", sa.Column("credit_ledger", sa.String(), nullable=True))
    op.execute(_ADD_SIDES)
    # What the entries said must be what the movements say now: a difference is evidence, and would be gone with the table.
    wrong = op.get_bind().execute(_UNLIKE_ITS_ENTRIES).scalar()
    if wrong is not None:
        raise DatabaseUnusable(
            f"The entries of movement {wrong} in the ledger do not balance, so the database stays as it was. "
            "Look at the books with the release that you had, or restore a backup."
        )
    op.drop_table("ledger_entry")
    kept = (sa.CheckConstraint("amount >= 0", name=op.f("ck_ledger_movement_amount")),)  # reflection does not see it
    with op.batch_alter_table("ledger_movement", table_args=kept) as movement:
        movement.alter_column("debit_ledger", nullable=False)
        movement.alter_column("credit_ledger", nullable=False)
        movement.create_check_constraint(op.f("ck_ledger_movement_sides"), "debit_ledger != credit_ledger")
        movement.drop_constraint(op.f("uq_ledger_movement_account_id_reference"), type_="unique")
    _index("uq_ledger_movement_reference", "ledger_movement", ["account_id", "reference"], "reference IS NOT NULL")


def _orders() -> None:
    with op.batch_alter_table("certificate_order") as order:
        order.drop_constraint(op.f("uq_certificate_order_account_id_idempotency_key"), type_="unique")
    columns = ["account_id", "idempotency_key"]
    _index("uq_certificate_order_idempotency_key", "certificate_order", columns, "idempotency_key IS NOT NULL")


def _register() -> None:
    for name in ("ix_record_signing_serial", "ix_record_encryption_serial", *_WITH_POSITION):
        op.drop_index(name, "record")
    for name, columns in _WITH_POSITION.items():
        _index(name, "record", columns, "position IS NOT NULL")
    op.drop_index("uq_certificate_record", "certificate")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    unique = name.startswith("uq_")
    op.create_index(name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
