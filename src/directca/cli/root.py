"""`directca`: every command, by group. A module is loaded when a command of it is called: nobody waits for the others."""

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from directca.cli.loading import loading


@dataclass(frozen=True)
class Part:
    """A command or a group of commands, the module below `cli` whose `app` has it, and the first words of its help."""

    name: str
    module: str
    about: str


PARTS = (
    Part(
        "init", "founding", "Make a new certificate authority in an empty data folder; settings that are there already are kept."
    ),
    Part("serve", "serve", "Run the authority; on first start in an empty folder, make a sandbox to try it in."),
    Part("account", "account", "TUser accounts, their people and their money."),
    Part("role", "role", "Roles: who works for the authority, and as what."),
    Part("application", "application", "Applications that act for an account over OAuth."),
    Part("billing", "billing", "Orders, refunds, invoices, statements, alarms, and payments that arrived."),
    Part("organization", "organization", "Organizations: register, proof, approve, suspend, end."),
    Part("case", "case", "Applications of organizations: the queue, and what is decided on them."),
    Part("domain", "domain", "Domains an organization has shown control of, and mailboxes in them."),
    Part("address", "address", "Addresses of an organization that certificates may be issued for."),
    Part("revoke", "revocation", "Revoke one name, or many certificates at once."),
    Part("proposal", "proposal", "What waits for a second officer: revocations, the end of an organization or of an authority."),
    Part("authority", "authority", "The certification authorities, and the revocation of an issuing one."),
    Part("crl", "crl", "The certificate revocation lists."),
    Part("status", "status", "What relying parties find of the status of certificates."),
    Part("root-crl", "root_crl", "The root's revocation list, when the root's key is kept offline."),
    Part("responder", "responder", "Those who sign OCSP answers."),
    Part("node", "node", "The servers that share the authority's database."),
    Part("journal", "journal", "The audit journal."),
    Part("db", "database", "The database of the authority: brought on, checked, moved, or brought back."),
    Part("webhook", "webhook", "Where accounts want events sent, and what became of it."),
    Part("notify", "notify", "Send what waits for webhooks and people. A server does so by itself."),
    Part("config", "config", "The settings."),
    Part(
        "reconcile",
        "reconciling",
        "Settle each intent to sign that never became a certificate: revoked, its money given back, its name free again.",
    ),
    Part(
        "stop-signing",
        "signing_switch",
        "Stop all signing at once: no certificate and no CRL is signed until it is resumed. Revocations are still recorded.",
    ),
    Part(
        "resume-signing",
        "signing_switch",
        "Allow signing again. What was revoked in the meantime goes on the next CRL, within seconds.",
    ),
    Part("backup", "backup", "Write the authority to one file, while it goes on working: database, encrypted keys, settings."),
    Part("restore", "backup", "Make the data folder from a backup, after checking all of it. Stop the server first."),
    Part("client", "client.app", "Issue, look up, renew and revoke certificates over the API, as any client could."),
)


@cache
def loaded(name: str) -> Any:
    """The command, or the group, with everything behind it."""
    (part,) = (one for one in PARTS if one.name == name)
    with loading():
        app = import_module(f"directca.cli.{part.module}").app
    whole = get_group(app)
    return whole if app.info.name == name else whole.commands[name]


class Parts(TyperGroup):
    """Shows every part by its first words, and loads the one that is called."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The part that the arguments name, loaded; Typer's own refusal where there is none of that name."""
        name, shown, rest = super().resolve_command(ctx, args)
        return name, shown if name is None else loaded(name), rest


app = typer.Typer(
    name="directca",
    cls=Parts,
    help="The certificate authority for Direct, the secure e-mail of US healthcare.\n\n"
    "Exit codes: 0 done, 1 refused, 2 wrong use. `directca client` has its own.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _shown() -> None:
    """Stands for a part until it is called."""


for each in PARTS:
    app.command(each.name, help=each.about)(_shown)


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    app(prog_name="directca")
