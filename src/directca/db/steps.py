"""Which steps this release's schema is made of, without running any: by the names of their files, `step_NNNN.py`.

Two numbers stand in a database. `schema_step` is the newest step that was run. `alembic_version` is the floor: the oldest step
whose release can work with the schema as it is. A step that only adds leaves the floor where it is; one that takes away raises
it.
Releases from before there was a floor look at `alembic_version` alone, and find there what they need to know.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, String, Table, inspect, select

from directca.db.engine import Tx
from directca.db.errors import DatabaseUnusable
from directca.db.schema import metadata

FOLDER = Path(__file__).parent / "migrations"
_LENGTH = 32

schema_step = Table("schema_step", metadata, Column("version_num", String(_LENGTH), primary_key=True))
FLOOR = "alembic_version"


def known(folder: Path = FOLDER) -> tuple[str, ...]:
    """The numbers of all steps, oldest first."""
    return tuple(sorted(path.stem.removeprefix("step_") for path in (folder / "versions").glob("step_*.py")))


NEWEST = known()[-1]
"""The step of this release."""


@dataclass(frozen=True)
class Numbers:
    """What a database says of its schema: the newest step, and the floor; None in an empty one."""

    step: str | None
    floor: str | None


def numbers(tx: Tx) -> Numbers:
    """The numbers of a database. Raises DatabaseUnusable for more than one of a kind."""
    names = inspect(tx).get_table_names()
    floor = _only(tx, FLOOR) if FLOOR in names else None
    return Numbers(_only(tx, schema_step.name) if schema_step.name in names else floor, floor)


def _only(tx: Tx, table: str) -> str | None:
    found = tx.exec_driver_sql(f"SELECT version_num FROM {table}").scalars().all()  # noqa: S608  (our own names)
    if len(found) > 1:
        raise DatabaseUnusable(
            f"The database names several schemas ({', '.join(sorted(found))}), which no release of directca does. "
            "Restore a backup."
        )
    return next(iter(found), None)


def begin(tx: Tx) -> None:
    """Let the step have a table of its own, in a database of a release for which both were one number."""
    step = numbers(tx).step
    schema_step.create(tx, checkfirst=True)
    if step is not None and tx.execute(select(schema_step.c.version_num)).first() is None:
        tx.execute(schema_step.insert(), {"version_num": step})


def set_floor(tx: Tx, floor: str) -> None:
    """Say from which step on a release can work with the database."""
    tx.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {FLOOR} (version_num VARCHAR({_LENGTH}) NOT NULL PRIMARY KEY)")
    tx.exec_driver_sql(f"DELETE FROM {FLOOR}")  # noqa: S608  (our own name)
    tx.exec_driver_sql(f"INSERT INTO {FLOOR} VALUES ('{floor}')")  # noqa: S608  (our own name, and a step's number)
