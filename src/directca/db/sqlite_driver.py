"""SQLite's own connection beneath one of SQLAlchemy's, for what is done without the layers between."""

import sqlite3

from sqlalchemy import Connection


def driver_of(tx: Connection) -> sqlite3.Connection:
    """The connection beneath. Transactions are begun there: a listener for SQLAlchemy's event makes every statement slower."""
    driver: sqlite3.Connection = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
    return driver
