"""A trial of a PostgreSQL server in which a change came to nothing: it needs what a change does, and changes nothing.

Of a role that may not write some table most changes are refused, and others are not; so the trial asks for all that it needs.

A full disk lets small changes through, which find place in what tables and log have already, and refuses those that let a table
grow. So the trial lets the server lay down a megabyte in a temporary file, on the disk of the tables, and throw it away.
Rows that are undone would do as well, but stay in their table until it is swept.
"""

from sqlalchemy import text

from directca.db import privileges
from directca.db.engine import Tx

_STATEMENTS = (
    "SET LOCAL work_mem = '64kB'",
    "SET LOCAL temp_tablespaces = ''",
    "SELECT count(*) FROM generate_series(1, 80000)",  # kept as a whole before it is counted, 14 octets each
    "SET LOCAL work_mem TO DEFAULT",  # others may go on in the same transaction
    "SET LOCAL temp_tablespaces TO DEFAULT",
)


def hold(tx: Tx) -> None:
    """Raise the driver's error unless there is room, and DatabaseUnusable where the role may not do what serving needs."""
    privileges.check_enough(tx)
    for statement in _STATEMENTS:
        tx.execute(text(statement))
