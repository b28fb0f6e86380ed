"""`directca client show` and `query`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from directca.cli.client import present
from directca.cli.client.connection import Connection, connect
from directca.cli.client.options import Access
from directca.cli.client.records import Page
from directca.clock import SystemClock


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions(Access):
    """What `show` takes."""

    name: Annotated[str, typer.Argument(help="The Direct address or domain.", show_default=False)]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions(Access):
    """What `query` takes; filters combine with "and"."""

    name: Annotated[str | None, typer.Option(help="Exactly this name.")] = None
    name_like: Annotated[str | None, typer.Option(help="Names of this form; * stands for anything.")] = None
    signing_serial: Annotated[str | None, typer.Option(help="The signing certificate's serial number.")] = None
    encryption_serial: Annotated[str | None, typer.Option(help="The encryption certificate's serial number.")] = None
    status: Annotated[str | None, typer.Option(help="issued, held, revoked, expired or superseded.")] = None
    expires_before: Annotated[str | None, typer.Option(help="Ends before this moment, such as 2027-01-16T00:00:00Z.")] = None
    expires_after: Annotated[str | None, typer.Option(help="Ends after this moment.")] = None
    organization: Annotated[str | None, typer.Option(help="Of this organization.")] = None
    limit: Annotated[int | None, typer.Option(min=1, max=1000, help="Records on a page; the server's default is 10.")] = None
    everything: Annotated[bool, typer.Option("--all", help="Follow the pages to the end; with --json one record a line.")] = False

    def filters(self) -> dict[str, str]:
        """The query's parameters."""
        named = {
            "commonNameIs": self.name,
            "commonNameLike": self.name_like,
            "signingSerialIs": _bare(self.signing_serial),
            "encryptionSerialIs": _bare(self.encryption_serial),
            "statusIs": self.status,
            "expiresBefore": self.expires_before,
            "expiresAfter": self.expires_after,
            "organizationIs": self.organization,
            "limit": None if self.limit is None else str(self.limit),
        }
        return {name: value for name, value in named.items() if value is not None}


def show(options: ShowOptions) -> None:
    """Show the newest pair of certificates of a name."""
    clock = SystemClock()
    with connect(options.server, options.token_file, clock) as connection:
        found = connection.retrieve(options.name)
    if options.as_json:
        present.verbatim(found.verbatim)
    else:
        present.record(found, clock.now())


def query(options: QueryOptions) -> None:
    """List your pairs of certificates, newest first."""
    clock = SystemClock()
    with connect(options.server, options.token_file, clock) as connection:
        first = connection.query(options.filters())
        if options.as_json:
            _print_json(connection, first, everything=options.everything)
        else:
            present.pages(connection.pages(first) if options.everything else [first], clock.now())


def _print_json(connection: Connection, first: Page, *, everything: bool) -> None:
    if not everything:
        present.verbatim(first.verbatim)
        return
    for page in connection.pages(first):
        for row in page.records:
            present.verbatim_line(row.verbatim)


def _bare(serial: str | None) -> str | None:
    """A serial number as it was copied from a table, without the blanks between its groups."""
    return None if serial is None else "".join(serial.split())
