"""Migrations: from empty, or from any earlier release, to this one. Forward only; expand first, contract a release later.

A step says by `works_with` from which step on a release can work with what it leaves; one that does not say so is for its own
release alone. While nodes of an older release run, nothing is done that would take from them what they use.

Nearly every start finds the schema as it must be: that is a query or two, and Alembic is loaded only where it is not.

Where the tables have an owner who does not serve, the owner alone brings them on, and grants (`privileges.py`); whoever serves
only looks whether that was done.
"""

from directca.db import privileges, steps
from directca.db.engine import Database, Tx
from directca.db.errors import DatabaseUnusable, OlderNodesRun, SchemaBehind

FOLDER = steps.FOLDER


def upgrade(database: Database) -> None:
    """Bring the schema up to date, all in one transaction. Does nothing when it is, or when a newer release left what this one
    can work with.

    Raises DatabaseUnusable for a database that a newer release needs for itself, or that says more than one thing about its
    schema; OlderNodesRun while others would break.
    """
    if _lacks(_present(database)):
        with database.write() as tx:
            _bring_on(database, tx)


def upgrade_for(database: Database, role: str) -> None:
    """Bring the schema up to date as its owner, and grant the role that serves what it needs, in the same transaction.

    Raises what `upgrade` raises, also for a database that a newer release has added to: what that one granted is its own matter;
    RoleTooPowerful for a role that could do more all the same.
    """
    present = _present(database)
    if present.step is not None and present.step not in steps.known(FOLDER):
        raise DatabaseUnusable(
            f"A newer release has brought the database {database.name} on (schema {present.step}). "
            "Give the command of that release."
        )
    with database.write() as tx:
        if _lacks(present):
            _bring_on(database, tx)
        privileges.grant(tx, role)


def check(database: Database) -> None:
    """Look whether a role that does not own the tables can serve, changing nothing.

    Raises SchemaBehind when a step is missing, RoleTooPowerful, and DatabaseUnusable as `upgrade` does.
    """
    with database.read() as tx:
        privileges.check(tx)
    if _lacks(_present(database)):
        raise SchemaBehind(
            f"The database {database.name} is not of this release's form, and this server's role may not change it. "
            "Give the command `directca db migrate`, which works as the owner of the tables."
        )


def _present(database: Database) -> steps.Numbers:
    with database.read() as tx:
        present = steps.numbers(tx)
    if present.floor is not None and present.floor not in steps.known(FOLDER):
        raise DatabaseUnusable(
            f"The database {database.name} was made by a newer release (schema {present.floor}). "
            "Start that release, or restore a backup."
        )
    return present


def _lacks(present: steps.Numbers) -> bool:
    """Whether a step is missing: not in a database of this release, nor in one to which a newer one only added."""
    ours = steps.known(FOLDER)
    return present.step is None or (present.step in ours and present.step != ours[-1])


def _bring_on(database: Database, tx: Tx) -> None:
    floor = steps.numbers(tx).floor
    after = make(tx)
    if floor is not None and after > floor and (others := database.older_nodes(tx, after)):
        raise OlderNodesRun(
            f"Nodes of an older release still use the database {database.name}: {', '.join(others)}. This release takes away "
            "what they need. Stop or upgrade them, then start this one again; nothing was changed."
        )


def make(tx: Tx) -> str:
    """Run every step that is missing, in the caller's transaction. Returns the floor that they leave."""
    from directca.db import step_runner  # noqa: PLC0415  (tests/exceptions.toml says why)

    steps.begin(tx)
    floor = step_runner.run(tx, FOLDER)
    steps.set_floor(tx, floor)
    return floor


def revisions(database: Database) -> tuple[str | None, str]:
    """The database's schema, None when it has none, and this release's. Raises DatabaseUnusable when it has several."""
    with database.read() as tx:
        present = steps.numbers(tx).step
    return present, steps.known(FOLDER)[-1]
