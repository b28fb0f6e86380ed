"""`directca db check`: whether the database is sound and of this release's form, and what the role that serves can do in it."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

from directca.cli import present
from directca.cli.commands import Common
from directca.db import migrate, privileges
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from directca.db.opening import open_database
from directca.db.standby import WithStandby
from directca.settings import Settings, load

ONE_ROLE = (
    "one role of the database owns the tables and serves, so it can change the journal too, and only its digests would tell; "
    "see Two roles in the chapter on PostgreSQL"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions(Common):
    """Options of `db check`."""


def check(options: CheckOptions) -> None:
    """Check the database as a start would, and more of it; say what the role that serves can do. Nothing is changed."""
    settings = load(options.data)
    with closing(open_database(settings.database, settings.database_password(), settings.standby)) as database:
        database.check()
        if settings.owner is not None:
            migrate.check(database)
        schema, wanted = migrate.revisions(database)
        data = {"database": database.name, "schema": schema, "wanted": wanted, **_roles(settings, database), **_standby(database)}
    present.emit(data, as_json=options.as_json, human=present.facts(data))


def one_role(settings: Settings) -> bool:
    """Whether the role that serves owns what it serves from. In a file there are no roles."""
    return settings.database_file is None and settings.owner is None


def _standby(database: Database) -> dict[str, Any]:
    if not isinstance(database, WithStandby):
        return {}
    try:
        return {"standby_seconds_behind": round(database.seconds_behind(), 1)}
    except DatabaseUnusable as error:
        return {"standby": error.detail}


def _roles(settings: Settings, database: Database) -> dict[str, Any]:
    if settings.database_file is not None:
        return {}
    with database.read() as tx:
        found = privileges.standing(tx)
    if one_role(settings):
        return {"role": found.role, "owner": found.role, "note": ONE_ROLE}
    beyond = [privileges.said(one) for one in found.beyond]
    return {"role": found.role, "owner": settings.storage.database_owner, "more_than_needed": beyond}
