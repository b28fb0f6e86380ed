"""`directca db migrate`: the owner of the tables brings them to this release's form, and grants what the server's role needs."""

from contextlib import closing
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from directca.cli import present
from directca.cli.commands import Common
from directca.db import migrate as migrations
from directca.db.address import PostgresAddress
from directca.db.engine import Database
from directca.db.opening import open_database
from directca.settings import Settings, load


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrateOptions(Common):
    """Options of `db migrate`."""

    password_file: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Holds the owner's password, from the data folder on; default: DIRECTCA_DATABASE_PASSWORD."
        ),
    ] = ""


def migrate(options: MigrateOptions) -> None:
    """Bring the database to this release's form, as its owner, and grant the role that serves what it needs.

    It may be given again at any time, and beside servers that run.
    """
    settings = load(options.data)
    with closing(_opened(settings, options)) as database:
        before, _ = migrations.revisions(database)
        if settings.owner is None:
            migrations.upgrade(database)
        else:
            migrations.upgrade_for(database, _serving(settings))
        after, _ = migrations.revisions(database)
    data = {"database": database.name, "before": before, "after": after, "granted_to": _serving(settings) or None}
    form = f"The database has the form {after}" + (", as before." if after == before else f"; before, {before or 'none'}.")
    granted = f" The role {_serving(settings)} may do what serving needs, and nothing else." if settings.owner else ""
    present.emit(data, as_json=options.as_json, human=form + granted)


def _opened(settings: Settings, options: MigrateOptions) -> Database:
    """The database as its owner opens it, whose password this command alone is given."""
    if settings.owner is None:
        return open_database(settings.database, settings.database_password())
    if options.password_file:  # before the environment, which may hold the password of the role that serves
        return open_database(settings.owner, (settings.data / options.password_file).read_text("utf-8").strip())
    spoken = replace(settings, storage=replace(settings.storage, database_password_file=""))
    return open_database(settings.owner, spoken.database_password())


def _serving(settings: Settings) -> str:
    return settings.database.user if settings.owner and isinstance(settings.database, PostgresAddress) else ""
