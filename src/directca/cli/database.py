"""`directca db`: the database's form and roles, and an authority whose database moves, or comes back from the past."""

from directca.cli import database_check, migrating, moving, restored
from directca.cli.commands import command, group

app = group("db", "The database of the authority: brought on, checked, moved, or brought back.")

command(app, "migrate", migrating.MigrateOptions, migrating.migrate)
command(app, "check", database_check.CheckOptions, database_check.check)
command(app, "copy", moving.CopyOptions, moving.copy)
command(app, "restored", restored.RestoredOptions, restored.restored)
