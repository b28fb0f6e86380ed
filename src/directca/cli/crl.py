"""`directca crl`: look at the published CRLs, or make new ones now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from directca import app as composition
from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened, operator
from directca.clock import rfc3339
from directca.revocation import crl
from directca.revocation.model import ListFacts, ListId

app = group("crl", "The certificate revocation lists.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlOptions(Common):
    """Options of every command of this group."""


def show(options: CrlOptions) -> None:
    """Show the published list of each authority."""
    with opened(options.data) as desk, desk.database.read() as tx:
        lists = [(of, crl.newest(tx, of)) for of in crl.lists(tx)]
        now = desk.clock.now()
    rows = [_facts(name, found, _state(found, now)) for name, found in lists]
    _emit(rows, options)


def make(options: CrlOptions) -> None:
    """Make and publish a new list for each authority."""
    authority = composition.open_authority(options.data)
    try:
        with authority.database.read() as tx:
            wanted = [of for of in crl.lists(tx) if authority.revocation.authorities[of.authority_id].has_key]
        made = [(of, crl.produce(authority.revocation, of, actor=operator())) for of in wanted]
    finally:
        authority.close()
    _emit([_facts(name, found, "fresh") for name, found in made], options)


def _emit(rows: list[dict[str, Any]], options: CrlOptions) -> None:
    columns = ("list", "state", "number", "entries", "this_update", "next_update")
    table = present.listing(columns, [[row[name] for name in columns] for row in rows], empty="There is no authority yet.")
    present.emit(rows, as_json=options.as_json, human=table)


def _state(found: ListFacts | None, now: datetime) -> str:
    if found is None:
        return "none"
    return "fresh" if found.fresh_at(now) else "STALE"


def _facts(of: ListId, found: ListFacts | None, state: str) -> dict[str, Any]:
    if found is None:
        return {"list": str(of), "state": state, "number": None, "entries": None, "this_update": None, "next_update": None}
    return {
        "list": str(of),
        "state": state,
        "number": found.number,
        "entries": found.entries,
        "this_update": rfc3339(found.this_update),
        "next_update": rfc3339(found.next_update),
    }


command(app, "show", CrlOptions, show)
command(app, "make", CrlOptions, make)
