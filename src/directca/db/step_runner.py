"""Runs the steps that a schema lacks, with Alembic, which only they need: `migrate.py` loads this module when there are any."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from directca.db.engine import Tx
from directca.db.steps import schema_step


def run(tx: Tx, folder: Path) -> str:
    """Bring the schema to the last step of the folder, in the caller's transaction; the floor that all steps together leave."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = tx
    config.attributes["version_table"] = schema_step.name
    command.upgrade(config, "head")
    every = ScriptDirectory(str(folder)).walk_revisions()
    return max(getattr(step.module, "works_with", step.revision) for step in every)
