"""Migrations: from empty, or from any earlier release, to this one. Forward only."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Bring the schema up to date, all in one transaction. Does nothing when it is.

    Raises DatabaseUnusable for a database of a newer release.
    """
    present, wanted = revisions(database)
    if present == wanted:
        return
    if present is not None and present not in {step.revision for step in ScriptDirectory(str(_FOLDER)).walk_revisions()}:
        raise DatabaseUnusable(
            f"The database {database.name} was made by a newer release (schema {present}). "
            "Start that release, or restore a backup."
        )
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    with database.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "head")


def revisions(database: Database) -> tuple[str | None, str]:
    """The database's schema, None when it has none, and this release's."""
    with database.read() as tx:
        present = MigrationContext.configure(tx).get_current_revision()
    head = ScriptDirectory(str(_FOLDER)).get_current_head()
    assert head is not None  # the folder holds at least the first migration
    return present, head
