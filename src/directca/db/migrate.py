"""Migrations: from empty, or from any earlier release, to this one. Forward only; expand first, contract a release later.

A step says by `works_with` from which step on a release can work with what it leaves; one that does not say so is for its own
release alone. While nodes of an older release run, nothing is done that would take from them what they use.

Nearly every start finds the schema as it must be: that is a query or two, and Alembic is loaded only where it is not.
"""

from directca.db import steps
from directca.db.engine import Database, Tx
from directca.db.errors import DatabaseUnusable, OlderNodesRun

FOLDER = steps.FOLDER


def upgrade(database: Database) -> None:
    """Bring the schema up to date, all in one transaction. Does nothing when it is, or when a newer release left what this one
    can work with.

    Raises DatabaseUnusable for a database that a newer release needs for itself, or that says more than one thing about its
    schema; OlderNodesRun while others would break.
    """
    with database.read() as tx:
        present = steps.numbers(tx)
    ours = steps.known(FOLDER)
    if present.floor is not None and present.floor not in ours:
        raise DatabaseUnusable(
            f"The database {database.name} was made by a newer release (schema {present.floor}). "
            "Start that release, or restore a backup."
        )
    if present.step == ours[-1] or (present.step is not None and present.step not in ours):
        return  # it is of this release, or a newer one only added to it
    with database.write() as tx:
        after = make(tx)
        if present.floor is not None and after > present.floor and (others := database.older_nodes(tx, after)):
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
