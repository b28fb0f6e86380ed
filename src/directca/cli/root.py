"""`directca`: every command, by group."""

import typer

from directca.cli import (
    account,
    application,
    authority,
    backup,
    config,
    crl,
    database,
    domain,
    founding,
    journal,
    node,
    organization,
    reconciling,
    responder,
    revocation,
    root_crl,
    serve,
    signing_switch,
    status,
)
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

command(app, "init", founding.InitOptions, founding.init)
command(app, "serve", serve.ServeOptions, serve.serve)
for part in (
    account,
    application,
    organization,
    domain,
    revocation,
    authority,
    crl,
    status,
    root_crl,
    responder,
    node,
    journal,
    database,
    config,
):
    app.add_typer(part.app)
command(app, "reconcile", reconciling.ReconcileOptions, reconciling.settle)
command(app, "stop-signing", signing_switch.SwitchOptions, signing_switch.stop_signing)
command(app, "resume-signing", signing_switch.SwitchOptions, signing_switch.resume_signing)
command(app, "backup", backup.BackupOptions, backup.backup)
command(app, "restore", backup.RestoreOptions, backup.restore)
app.add_typer(client, name="client")


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    app(prog_name="directca")
