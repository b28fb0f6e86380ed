"""Opening the database that an address names, by the engine that it is of."""

from pathlib import Path

from directca.db import moved
from directca.db.address import Address, PostgresAddress, Standby
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase


def open_database(address: Address, password: str | None = None, standby: Standby | None = None) -> Database:
    """The database at an address, perhaps with a standby that may answer questions; a file that is not there is made.

    Raises DatabaseMoved for a file whose records live on elsewhere, and DatabaseUnusable where it is first used.
    """
    if isinstance(address, Path):
        moved.check_here(address)
        return SqliteDatabase(address)
    return _at_a_server(address, password, standby)


def _at_a_server(address: PostgresAddress, password: str | None, standby: Standby | None) -> Database:
    from directca.db.postgresql import PostgresDatabase  # noqa: PLC0415  (tests/exceptions.toml says why)
    from directca.db.standby import WithStandby  # noqa: PLC0415  (tests/exceptions.toml says why)

    if standby is not None:
        return WithStandby(address, password, standby.address, most_seconds=standby.most_seconds)
    return PostgresDatabase(address, password)
