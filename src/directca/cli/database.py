"""`directca db`: an authority whose database moves, or comes back from the past."""

from directca.cli import moving, restored
from directca.cli.commands import command, group

app = group("db", "The database of the authority: moved, or brought back.")

command(app, "copy", moving.CopyOptions, moving.copy)
command(app, "restored", restored.RestoredOptions, restored.restored)
