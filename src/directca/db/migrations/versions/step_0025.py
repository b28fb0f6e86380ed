"""How many pairs each account has in each state, by the day on which they end; and the indexes by which lists are sorted."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
works_with = "0004"
branch_labels = None
depends_on = None

_AT_ONCE = 50_000
_ON = "account_id, state, superseded_by, not_after, position"
_KEY = "account_id, standing, ends_on"
_KNOWN = sa.text("position IS NOT NULL")
_SUPERSEDED = sa.text("superseded_by IS NOT NULL AND position IS NOT NULL")


def upgrade() -> None:
    """Add the table, triggers that keep it whichever release writes, and the indexes; count what is there."""
    on_postgresql = op.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        op.execute("SET LOCAL statement_timeout = 0")  # an index of millions takes its time
    op.create_table(
        "status_count",
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("standing", sa.String(length=16), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("pairs", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "standing", "ends_on", name=op.f("pk_status_count")),
        sqlite_with_rowid=False,
    )
    for name, columns, condition in (
        ("ix_record_account_state", ["account_id", "state", "position", "not_after"], _KNOWN),
        ("ix_record_account_not_after", ["account_id", "not_after", "position", "state"], _KNOWN),
        ("ix_record_account_superseded", ["account_id", "state", "position", "not_after"], _SUPERSEDED),
    ):
        op.create_index(name, "record", columns, sqlite_where=condition, postgresql_where=condition)
    if on_postgresql:
        _count_on_postgresql()
    else:
        _count_on_sqlite()
    _count_present()


def _count_on_postgresql() -> None:
    op.execute(f"""
        CREATE FUNCTION count_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_OP <> 'INSERT' AND OLD.position IS NOT NULL THEN {_less("OLD")} END IF;
            IF TG_OP <> 'DELETE' AND NEW.position IS NOT NULL THEN {_more("NEW")} END IF;
            RETURN NULL;
        END $$
    """)
    for event, condition in _EVENTS:
        name = event.split()[0].lower()
        op.execute(
            f"CREATE TRIGGER count_status_{name} AFTER {event} ON record FOR EACH ROW WHEN ({condition}) "
            "EXECUTE FUNCTION count_status()"
        )


def _count_on_sqlite() -> None:
    steps = {"INSERT": _more("NEW"), "UPDATE": _less("OLD") + _more("NEW"), "DELETE": _less("OLD")}
    for event, condition in _EVENTS:
        name = event.split()[0]
        op.execute(
            f"CREATE TRIGGER count_status_{name.lower()} AFTER {event} ON record FOR EACH ROW WHEN {condition} "
            f"BEGIN {steps[name]} END"
        )


_EVENTS = (
    ("INSERT", "NEW.position IS NOT NULL"),
    (f"UPDATE OF {_ON}", "OLD.position IS NOT NULL OR NEW.position IS NOT NULL"),
    ("DELETE", "OLD.position IS NOT NULL"),
)


def _more(row: str) -> str:
    """One more pair as the row is now; an intent is none."""
    return (
        f"INSERT INTO status_count ({_KEY}, pairs) SELECT {row}.account_id, {_standing(row)}, {_day(row)}, 1 "
        f"WHERE {row}.position IS NOT NULL "
        f"ON CONFLICT ({_KEY}) DO UPDATE SET pairs = status_count.pairs + 1; "
    )


def _less(row: str) -> str:
    """One pair less as the row was."""
    return (
        f"UPDATE status_count SET pairs = pairs - 1 WHERE {row}.position IS NOT NULL AND account_id = {row}.account_id "  # noqa: S608  (names of the schema and nothing else)
        f"AND standing = {_standing(row)} AND ends_on = {_day(row)}; "
    )


def _standing(row: str) -> str:
    return f"CASE WHEN {row}.state = 'issued' AND {row}.superseded_by IS NOT NULL THEN 'superseded' ELSE {row}.state END"


def _day(row: str) -> str:
    """The day in UTC on which a pair ends."""
    if op.get_bind().dialect.name == "postgresql":
        return f"({row}.not_after AT TIME ZONE 'UTC')::date"
    return f"substr({row}.not_after, 1, 10)"


def _count_present() -> None:
    """Count the records, some at a time."""
    bind = op.get_bind()
    last = bind.execute(sa.text("SELECT max(position) FROM record WHERE position IS NOT NULL")).scalar() or 0
    counting = sa.text(f"""
        INSERT INTO status_count ({_KEY}, pairs)
        SELECT account_id, {_standing("record")}, {_day("record")}, count(*) FROM record
        WHERE position IS NOT NULL AND position > :after AND position <= :upto GROUP BY 1, 2, 3
        ON CONFLICT ({_KEY}) DO UPDATE SET pairs = status_count.pairs + excluded.pairs
    """)  # noqa: S608  (names of the schema, and the values are parameters)
    for after in range(0, last, _AT_ONCE):
        bind.execute(counting, {"after": after, "upto": after + _AT_ONCE})
