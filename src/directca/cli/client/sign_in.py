"""`directca client login` and `logout`."""

import webbrowser
from dataclasses import dataclass
from typing import Annotated

import typer

from directca.cli.client import credentials, loopback, oauth_flow, present, transport
from directca.cli.client.addresses import DEFAULT_SERVER, server_address
from directca.cli.client.failures import ClientFailure
from directca.cli.client.options import Output
from directca.clock import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions(Output):
    """What `login` takes."""

    server: Annotated[str, typer.Option(envvar="DIRECTCA_SERVER", help="The server's address.")] = DEFAULT_SERVER
    client_id: Annotated[str, typer.Option(help="The application to sign in as; a public, native one.")] = "directca-cli"
    scope: Annotated[str, typer.Option(help="What to ask for; several words in quotes.")] = "tuser.account"
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser, or only print the link.")] = True
    wait: Annotated[int, typer.Option(min=1, max=3600, help="Seconds to wait for you to sign in.")] = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutOptions(Output):
    """What `logout` takes."""

    server: Annotated[
        str | None,
        typer.Option(envvar="DIRECTCA_SERVER", help="The server to sign out of. Default: the one you signed in at last."),
    ] = None


def login(options: LoginOptions) -> None:
    """Sign in with your browser and keep the tokens for the other commands."""
    address = server_address(options.server)
    state = oauth_flow.new_state()
    with transport.open_http(address) as http, loopback.listening(state) as listener:
        server = oauth_flow.discover(http, address)
        attempt = oauth_flow.new_attempt(options.client_id, listener.redirect_uri, options.scope, state)
        link = oauth_flow.authorization_url(server, attempt)
        _lead_to(link, open_browser=options.browser)
        answer = listener.wait(options.wait)
        code = oauth_flow.code_from(answer, server)
        sign_in = oauth_flow.redeem(http, server, attempt, code, SystemClock().now())
    with credentials.lock(sign_in.server):
        credentials.save(sign_in, make_current=True)
    if options.as_json:
        present.verbatim({"server": sign_in.server, "client_id": sign_in.client_id, "scope": sign_in.scope})
    else:
        present.say(f"Signed in at {sign_in.server} ({sign_in.scope}). Next: directca client issue NAME --years 1")


def logout(options: LogoutOptions) -> None:
    """Revoke the tokens at the server and remove them from this machine."""
    address = server_address(options.server) if options.server else None
    sign_in = credentials.load(address)
    with credentials.lock(sign_in.server), transport.open_http(sign_in.server) as http:
        current = credentials.load(sign_in.server)
        try:
            revoked = oauth_flow.revoke_tokens(http, current)
        except ClientFailure:
            # The tokens leave this machine even then, and the failure tells that the server still honours them.
            credentials.forget(current)
            present.note("The tokens are gone from this machine, but the server did not confirm their end. Withdraw")
            present.note(f"the application on the connected applications page of {current.server}.")
            raise
        credentials.forget(current)
    if options.as_json:
        present.verbatim({"server": current.server, "revoked": revoked})
    else:
        present.say(f"Signed out of {current.server}.")


def _lead_to(link: str, *, open_browser: bool) -> None:
    if open_browser and webbrowser.open(link):
        present.note("Your browser shows the sign-in page. If it does not, open this link:")
    else:
        present.note("Open this link in a browser on this machine:")
    present.note(link)
