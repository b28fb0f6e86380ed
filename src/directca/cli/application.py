"""`directca application`: the applications that act for TUser accounts over OAuth."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import typer

from directca.accounts import accounts
from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened
from directca.clock import rfc3339
from directca.oauth import applications, scopes
from directca.oauth.applications import NewApplication
from directca.oauth.model import Client

app = group("application", "Applications that act for an account over OAuth.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions(Common):
    """Options of `application create`."""

    account: Annotated[str, typer.Argument(help="The account that the application belongs to.")]
    name: Annotated[str, typer.Argument(help="What the consent page calls it.")]
    redirect_uri: Annotated[list[str], typer.Option(help="Where the user is sent back to, exactly; may be given again.")]
    public: Annotated[bool, typer.Option("--public", help="It can keep no secret (PKCE is then required).")] = False
    native: Annotated[bool, typer.Option("--native", help="It runs on the user's machine: loopback ports are free.")] = False
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may ask for; may be given again. Default: all that concerns the account.")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(Common):
    """Options of `application list`."""

    account: Annotated[str | None, typer.Option(help="Only the applications of this account.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneApplication(Common):
    """Options of the commands about one application."""

    client_id: Annotated[str, typer.Argument(help="The application's client_id.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateOptions(OneApplication):
    """Options of `application rotate-secret`."""

    overlap_hours: Annotated[int, typer.Option(min=0, max=720, help="How long the old secret stays good.")] = 0


def create(options: CreateOptions) -> None:
    """Register an application. Its secret is shown this once."""
    with opened(options.data) as desk:
        with desk.database.read() as tx:
            owner = accounts.require_active(tx, options.account)
        new = NewApplication(
            name=options.name,
            owner_name=owner.name,
            redirect_uris=tuple(options.redirect_uri),
            account_id=owner.id,
            confidential=not options.public,
            native=options.native,
            scopes=tuple(options.scope or scopes.OF_ACCOUNT),
        )
        made = applications.register(desk.oauth, new, actor=desk.actor)
    data = _application(made.client) | ({} if made.secret is None else {"client_secret": made.secret})
    shown = {"client_id": made.client.client_id, "client_secret": made.secret, "redirect_uri": list(made.client.redirect_uris)}
    present.emit(data, as_json=options.as_json, human=present.facts(shown))


def list_applications(options: ListOptions) -> None:
    """List the applications, by name."""
    with opened(options.data) as desk, desk.database.read() as tx:
        found = applications.listed(tx, options.account)
    table = present.listing(
        ("client_id", "name", "owner", "kind", "status", "redirect_uri"),
        [(one.client_id, one.name, one.owner_name, _kind(one), one.status, one.redirect_uris) for one in found],
        empty="There is no application yet. Make one: directca application create ACCOUNT NAME --redirect-uri URI",
    )
    present.emit([_application(one) for one in found], as_json=options.as_json, human=table)


def rotate_secret(options: RotateOptions) -> None:
    """Replace an application's secret; the old one stops at once, or after the overlap. The new one is shown this once."""
    overlap = timedelta(hours=options.overlap_hours)
    with opened(options.data) as desk:
        secret = applications.rotate_secret(desk.oauth, options.client_id, actor=desk.actor, overlap=overlap)
    data = {"client_id": options.client_id, "client_secret": secret}
    present.emit(data, as_json=options.as_json, human=present.facts(data))


def disable(options: OneApplication) -> None:
    """Stop an application: its tokens are refused and it gets no new ones."""
    with opened(options.data) as desk:
        applications.disable(desk.oauth, options.client_id, actor=desk.actor)
    _show_status(options, "disabled")


def enable(options: OneApplication) -> None:
    """Let a disabled application go on."""
    with opened(options.data) as desk:
        applications.enable(desk.oauth, options.client_id, actor=desk.actor)
    _show_status(options, "active")


command(app, "create", CreateOptions, create)
command(app, "list", ListOptions, list_applications)
command(app, "rotate-secret", RotateOptions, rotate_secret)
command(app, "disable", OneApplication, disable)
command(app, "enable", OneApplication, enable)


def _show_status(options: OneApplication, status: str) -> None:
    data = {"client_id": options.client_id, "status": status}
    present.emit(data, as_json=options.as_json, human=f"{options.client_id} is {status}.")


def _application(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "name": client.name,
        "owner": client.owner_name,
        "account_id": client.account_id,
        "kind": _kind(client),
        "native": client.native,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "status": client.status.value,
        "created_ts": rfc3339(client.created_at),
    }


def _kind(client: Client) -> str:
    return "confidential" if client.confidential else "public"
