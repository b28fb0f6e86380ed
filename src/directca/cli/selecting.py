"""Which certificates an operator means: options and files become a selection."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from directca.api.selections import Said, selection
from directca.certificates.chosen import Selection
from directca.cli.commands import Common
from directca.cli.errors import BadOption


@dataclass(frozen=True, slots=True, kw_only=True)
class Selecting(Common):
    """Options of the commands about many certificates. What several of them say holds together; a list stands by itself."""

    organization: Annotated[str | None, typer.Option(help="Those of this organization, by its identifier.")] = None
    account: Annotated[str | None, typer.Option(help="Those of this account.")] = None
    domain: Annotated[str | None, typer.Option(help="Those of this domain and of everything below it.")] = None
    query: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Those that this filter of the query function finds; may be given again."),
    ] = None
    serials: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Those with these serials, one a line; - reads standard input.")
    ] = None
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="SHA256", help="Those with the key of this SubjectPublicKeyInfo; may be given again."),
    ] = None
    keys: Annotated[Path | None, typer.Option(metavar="FILE", help="The same, one a line; - reads standard input.")] = None


def selected(options: Selecting) -> Selection:
    """What the options say. Raises BadOption, and what the query function says of its parameters."""
    return selection(
        Said(
            organization=options.organization,
            account=options.account,
            domain=options.domain,
            query=dict(map(_filter, options.query)) if options.query else None,
            serials=() if options.serials is None else _lines(options.serials),
            keys=(*(options.key or ()), *(() if options.keys is None else _lines(options.keys))),
        )
    )


def _filter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise BadOption(f"{text!r} is no filter. Write it as commonNameLike=*.example.org.", field="query")
    return name, value


def _lines(file: Path) -> Iterator[str]:
    """The lines that say something; what follows a # is for people."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    yield from filter(None, (line.partition("#")[0].strip() for line in text.splitlines()))
