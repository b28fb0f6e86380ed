"""`directca client report-compromise`: prove that a private key is compromised, so that everything with it is revoked."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from directca.cli.client import keys, present, transport
from directca.cli.client.addresses import DEFAULT_SERVER, server_address
from directca.cli.client.failures import Misused
from directca.cli.client.options import Output

_FUNCTION = "/api/certificate/report-compromise"
_SAYS_SO = "This key is compromised"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions(Output):
    """What `report-compromise` takes. No sign-in: whoever has the key may report it."""

    key: Annotated[Path, typer.Option(help="The private key, unencrypted, in PEM form. It stays on this machine.")]
    server: Annotated[str, typer.Option(envvar="DIRECTCA_SERVER", help="The server's address.")] = DEFAULT_SERVER
    invalid_since: Annotated[
        str, typer.Option(metavar="DATE", help="Since when it is known to be in wrong hands, such as 2026-11-24.")
    ] = ""
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False


def report(options: ReportOptions) -> None:
    """Report a private key as compromised: every certificate with it is revoked at once. Anybody may who has the key."""
    server = server_address(options.server)
    try:
        key = keys.read(options.key.read_bytes(), str(options.key))
    except OSError as error:
        raise Misused(f"{options.key} cannot be read: {error.strerror}.") from None
    if not options.yes:
        _confirm(server)
    body: dict[str, Any] = {"proof": {"pkcs10Data": keys.certification_request(_SAYS_SO, key)}}
    if options.invalid_since:
        body["invalidityDate"] = options.invalid_since
    with transport.open_http(server) as http:
        answer = transport.json_object(transport.send(http, "POST", server + _FUNCTION, json=body))
    if options.as_json:
        present.verbatim(answer)
        return
    present.say(_KNOWN.format(count=answer.get("revoked")) if answer.get("known") else _UNKNOWN)


_KNOWN = "The key is certified there. Pairs revoked now: {count}. It will never be certified again."
_UNKNOWN = "The key is not certified there, so nothing was revoked. It will never be certified there."


def _confirm(server: str) -> None:
    if not sys.stdin.isatty():
        raise Misused("Nobody is there to confirm. Add --yes if you mean it.")
    present.note(f"This tells {server} that the key is compromised. Every certificate with it is revoked. It cannot be undone.")
    if not typer.confirm("Go on?", default=False, err=True):
        raise Misused("Nothing was sent.")
