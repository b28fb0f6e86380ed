"""`directca journal`: read what happened, and find out whether it is still what was written."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened
from directca.cli.errors import JournalBroken
from directca.cli.journal_export import ExportOptions, export_journal
from directca.clock import rfc3339
from directca.journal import read
from directca.journal.model import Row
from directca.journal.verify import verify_founded

app = group("journal", "The audit journal.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOptions(Common):
    """Options of `journal show`."""

    about: Annotated[str | None, typer.Option(help="Only rows about this subject, such as account:… or record:….")] = None
    last: Annotated[int, typer.Option(min=1, max=10_000, help="How many rows at most.")] = 50


def verify_journal(options: Common) -> None:
    """Walk the whole journal and find any row that was altered, removed, added or moved."""
    with opened(options.data) as desk, desk.database.read() as tx:
        verdict = verify_founded(tx)
    if verdict.problems:
        raise JournalBroken(
            f"The journal is not what was written: {'; '.join(verdict.problems)}. "
            "Keep this database as evidence and compare it with the backups."
        )
    data = {"rows": verdict.rows, "digest": verdict.digest}
    human = f"The journal is whole: {verdict.rows} rows. Digest of the last: {verdict.digest}"
    present.emit(data, as_json=options.as_json, human=human)


def show(options: ShowOptions) -> None:
    """Show the latest rows, or those about one subject."""
    with opened(options.data) as desk, desk.database.read() as tx:
        about, most = options.about, options.last
        rows = read.latest(tx, limit=most) if about is None else read.about(tx, about, limit=most)
    table = present.listing(
        ("row", "at", "what", "who", "about", "outcome", "detail"),
        [
            (row.position, rfc3339(row.at), row.event.kind, row.event.actor, row.event.subject, row.event.outcome, _detail(row))
            for row in rows
        ],
        empty="The journal has no such row.",
    )
    present.emit([_row(row) for row in rows], as_json=options.as_json, human=table)


command(app, "verify", Common, verify_journal)
command(app, "show", ShowOptions, show)
command(app, "export", ExportOptions, export_journal)


def _row(row: Row) -> dict[str, Any]:
    event = row.event
    return {
        "position": row.position,
        "ts": rfc3339(row.at),
        "kind": event.kind,
        "actor": event.actor,
        "subject": event.subject,
        "outcome": event.outcome,
        "account_id": event.account_id,
        "detail": dict(event.detail),
        "digest": row.digest,
    }


def _detail(row: Row) -> str:
    return " ".join(f"{name}={value}" for name, value in row.event.detail.items())
