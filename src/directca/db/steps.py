"""Runs the steps that a database lacks, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from directca.db.engine import Database


def run(database: Database, folder: Path) -> None:
    """Bring the schema to the last step of the folder, all in one transaction."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    with database.write() as tx:
        config.attributes["connection"] = tx
        command.upgrade(config, "head")
