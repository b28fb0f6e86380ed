"""`directca`: every command, by group."""

import typer

from directca.cli import account, application, backup, domain, journal, organization
from directca.cli.client.app import app as client
from directca.cli.commands import command

app = typer.Typer(
    name="directca",
    help="The certificate authority for Direct, the secure e-mail of US healthcare.\n\n"
    "Exit codes: 0 done, 1 refused, 2 wrong use. `directca client` has its own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

for part in (account, application, organization, domain, journal):
    app.add_typer(part.app)
app.add_typer(client, name="client")
command(app, "backup", backup.BackupOptions, backup.backup)
command(app, "restore", backup.RestoreOptions, backup.restore)


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    app(prog_name="directca")
