"""An operator's command as a function of one argument: its options, as a frozen dataclass.

Typer reads a function's signature; `command` gives it one that is made from the dataclass's fields. The same wrapper is the one
place where an error becomes a line on standard error and an exit code: 1 when the command was refused, 2 (Typer's own) when it
was used wrongly.
"""

import inspect
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from directca.cli import present
from directca.errors import DirectCAError

REFUSED = 1
_PRIVATE = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The option of every operator's command."""

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Common(Spoken):
    """The options of every command that works on an authority's data folder."""

    data: Annotated[
        Path, typer.Option("--data", envvar="DIRECTCA_DATA", metavar="DIR", help="The folder that holds the authority.")
    ] = Path("var")


def _said(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("Say why in a few words.")
    return text.strip()


Reason = Annotated[str, typer.Option(help="Why; it goes into the journal.", callback=_said)]
"""The option of every command that the journal must give a reason for."""

Options = TypeVar("Options", bound=Spoken)


def group(name: str, about: str) -> typer.Typer:
    """An empty group of commands."""
    return typer.Typer(name=name, help=about, no_args_is_help=True, pretty_exceptions_enable=False)


def alone() -> typer.Typer:
    """What holds commands that stand in no group."""
    return typer.Typer(pretty_exceptions_enable=False)


def command(app: typer.Typer, name: str, options: type[Options], run: Callable[[Options], None]) -> None:
    """Make `run` a command of `app`; its docstring is the command's help."""

    def called(**given: object) -> None:
        chosen = options(**given)  # type: ignore[arg-type]  # Typer converts by the very annotations of the fields
        # SQLite makes its files with the mode that the mask leaves: nobody else may read them, not even for a moment.
        before = os.umask(_PRIVATE)
        try:
            run(chosen)
        except DirectCAError as error:
            present.failure(error.slug, error.detail, as_json=chosen.as_json)
            raise typer.Exit(REFUSED) from None
        except BrokenPipeError:
            raise  # whoever read the output has seen enough; Typer ends quietly
        except OSError as error:
            present.failure("file_unusable", _about_file(error), as_json=chosen.as_json)
            raise typer.Exit(REFUSED) from None
        finally:
            os.umask(before)

    app.command(name)(spread(called, options, run))


def spread(called: Callable[..., None], options: type[Any], run: Callable[[Any], None]) -> Callable[..., None]:
    """Let `called` appear to Typer as a function of the single options, with the docstring of `run` as its help."""
    parameters = _parameters(options)
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect.signature
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    called.__doc__ = run.__doc__
    return called


def _about_file(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}. Check that it exists and may be used."


def _parameters(options: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(options, include_extras=True)
    # Typer takes arguments in the order of the signature, and a subclass's fields come after `data` and `as_json`.
    return [
        inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(options)
    ]
