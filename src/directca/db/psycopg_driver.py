"""psycopg's own connection beneath one of SQLAlchemy's, for what is done without the layers between."""

from typing import Any

import psycopg
from sqlalchemy import Connection


def driver_of(tx: Connection) -> psycopg.Connection[Any]:
    """The connection beneath."""
    driver: psycopg.Connection[Any] = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
    return driver
