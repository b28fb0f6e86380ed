"""What the client's commands take, and the one place that turns a client's failure into words and an exit code."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from directca.cli.client import present
from directca.cli.client.failures import ClientFailure
from directca.cli.commands import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The option of every command."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts: what the server sent, unchanged.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access(Output):
    """The options of every command that calls a certificate function."""

    server: Annotated[
        str | None,
        typer.Option(envvar="DIRECTCA_SERVER", help="The server's address. Default: the one you signed in at last."),
    ] = None
    token_file: Annotated[
        Path | None,
        typer.Option(
            envvar="DIRECTCA_TOKEN_FILE",
            help="A file that holds one access token, instead of a sign-in. DIRECTCA_TOKEN may hold the token itself.",
        ),
    ] = None


Options = TypeVar("Options", bound=Output)


def command(app: typer.Typer, name: str, options: type[Options], run: Callable[[Options], None]) -> None:
    """Make `run` a command of `app`; its docstring is the command's help."""

    def called(**given: object) -> None:
        chosen = options(**given)  # type: ignore[arg-type]  # Typer converts by the very annotations of the fields
        try:
            run(chosen)
        except ClientFailure as failure:
            present.failure(failure, as_json=chosen.as_json)
            raise typer.Exit(failure.exit_code) from None

    app.command(name)(spread(called, options, run))
