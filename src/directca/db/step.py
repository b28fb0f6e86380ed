"""Which step of the migrations a database has reached, asked without loading what makes them."""

from sqlalchemy import text

from directca.db.engine import Tx
from directca.db.errors import DatabaseUnusable


def stored(tx: Tx) -> str:
    """The step; steps sort as they follow one another."""
    found: str = tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return found


def check(tx: Tx, needed: str) -> None:
    """Raise DatabaseUnusable when the database is behind a step, as after an older copy was restored under a running server."""
    found = stored(tx)
    if found < needed:
        raise DatabaseUnusable(f"The database has schema {found}, and this server needs {needed}. Start the server again.")
