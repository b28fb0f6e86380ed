"""Migrations: from empty, or from any earlier release, to this one. Forward only.

Nearly every start finds the schema as it must be: that is one query, and Alembic is loaded only where it is not.
"""

from pathlib import Path

from sqlalchemy import inspect, text

from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable

FOLDER = Path(__file__).parent / "migrations"
_TABLE = "alembic_version"


def upgrade(database: Database) -> None:
    """Bring the schema up to date, all in one transaction. Does nothing when it is.

    Raises DatabaseUnusable for a database of a newer release, or one that says more than one thing about its schema.
    """
    present, wanted = revisions(database)
    if present == wanted:
        return
    if present is not None and present not in _steps():
        raise DatabaseUnusable(
            f"The database {database.name} was made by a newer release (schema {present}). "
            "Start that release, or restore a backup."
        )
    _run_steps(database)


def revisions(database: Database) -> tuple[str | None, str]:
    """The database's schema, None when it has none, and this release's. Raises DatabaseUnusable when it has several."""
    with database.read() as tx:
        known = inspect(tx).has_table(_TABLE)
        found = tx.execute(text(f"SELECT version_num FROM {_TABLE}")).scalars().all() if known else ()  # noqa: S608  (a constant)
    if len(found) > 1:
        raise DatabaseUnusable(
            f"The database {database.name} names several schemas ({', '.join(sorted(found))}), which no release "
            "of directca does. Restore a backup."
        )
    return next(iter(found), None), _steps()[-1]


def _steps() -> list[str]:
    """The names of every schema that there was, in order: `step_0001.py` makes 0001."""
    return sorted(path.stem.removeprefix("step_") for path in (FOLDER / "versions").glob("step_*.py"))


def _run_steps(database: Database) -> None:
    from directca.db import steps  # noqa: PLC0415  (tests/exceptions.toml)

    steps.run(database, FOLDER)
