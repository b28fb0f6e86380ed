"""A command's options as one frozen dataclass: a command is then a function of one argument, and tests call it directly.

Typer reads a function's signature; `command` gives it one that is made from the dataclass's fields. The same wrapper is
the one place that turns a failure into words and an exit code.
"""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, TypeVar, get_type_hints

import typer

from directca.cli.client import present
from directca.cli.client.failures import ClientFailure


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

    parameters = _parameters(options)
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    called.__doc__ = run.__doc__
    app.command(name)(called)


def _parameters(options: type[Options]) -> list[inspect.Parameter]:
    hints = get_type_hints(options, include_extras=True)
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(options)
    ]
