"""`directca crl`: look at the published CRLs, or make new ones now."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from directca import rooms
from directca.certificates import authorities
from directca.cli import present
from directca.cli.commands import Common, command, group
from directca.cli.context import opened, operator
from directca.cli.errors import BadOption
from directca.clock import rfc3339
from directca.desk import open_desk
from directca.responders import status_folder
from directca.responders.status_files import StatusFiles
from directca.responders.status_folder import Published
from directca.revocation import clock_error, crl
from directca.revocation.clock_error import Withdrawn
from directca.revocation.context import Revocation
from directca.revocation.errors import NothingFresh
from directca.revocation.model import ListFacts, ListId

app = group("crl", "The certificate revocation lists.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlOptions(Common):
    """Options of every command of this group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishOptions(Common):
    """Options of `crl publish`."""

    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="The folder; default: the settings'.")] = None


def show(options: CrlOptions) -> None:
    """Show the published list of each authority."""
    with opened(options.data) as desk, desk.database.read() as tx:
        lists = [(of, crl.newest(tx, of)) for of in crl.lists(tx)]
        now = desk.clock.now()
    rows = [_facts(name, found, _state(found, now)) for name, found in lists]
    _emit(rows, options)


def make(options: CrlOptions) -> None:
    """Make and publish a new list for each authority."""
    authority = rooms.open_authority(options.data)
    try:
        with authority.database.read() as tx:
            wanted = [of for of in crl.lists(tx) if authority.revocation.authorities[of.authority_id].has_key]
        made = [(of, crl.produce(authority.revocation, of, actor=operator())) for of in wanted]
    finally:
        authority.close()
    _emit([_facts(name, found, "fresh") for name, found in made], options)


def withdraw(options: CrlOptions) -> None:
    """After a clock that ran ahead: withdraw the lists that are dated into the future, and make them anew."""
    authority = rooms.open_authority(options.data)
    try:
        done = clock_error.withdraw(authority.revocation, actor=operator())
    finally:
        authority.close()
    rows = [_withdrawn(one) for one in done]
    columns = ("authority", "partition", "withdrawn", "number", "this_update")
    table = present.listing(columns, [[row[name] for name in columns] for row in rows], empty="No list is dated into the future.")
    present.emit(rows, as_json=options.as_json, human=table)


def _withdrawn(one: Withdrawn) -> dict[str, Any]:
    made = one.made
    return {
        "authority": one.of.authority_id,
        "partition": one.of.partition,
        "withdrawn": len(one.numbers),
        "number": None if made is None else made.number,
        "this_update": None if made is None else rfc3339(made.this_update),
    }


def publish(options: PublishOptions) -> None:
    """Write the published lists and the issuers' certificates into a folder; remove what is out of date."""
    desk = open_desk(options.data)
    with closing(desk.database):
        folder = options.to or desk.settings.publish_to
        if folder is None:
            raise BadOption("There is no revocation.publish_to in the settings. Name a folder with --to DIR.", field="to")
        mixed_up = desk.settings.mixed_up_with(folder)
        if mixed_up is not None:
            raise BadOption(
                f"{folder} would be for everybody to read, and {mixed_up} is for nobody: neither may be inside the other. "
                "Name a folder elsewhere.",
                field="to",
            )
        with desk.database.read() as tx:
            entries = authorities.known(tx)
        reading = Revocation(desk.database, desk.clock, desk.policy, {}, desk.settings.relying_party_url)  # without keys
        done = status_folder.publish(StatusFiles.of(reading, entries), folder)
    rows = [*(("written", one, "") for one in done.written), *(("removed", one, "") for one in done.removed)]
    rows += [("withheld", name, why) for name, why in done.withheld]
    data = {"written": done.written, "removed": done.removed, "withheld": dict(done.withheld)}
    table = present.listing(("done", "file", "why"), rows, empty="Everything was there already.")
    present.emit(data, as_json=options.as_json, human=table)
    _check_complete(done)


def _check_complete(done: Published) -> None:
    if done.withheld:
        names = ", ".join(name for name, _ in done.withheld[:5])
        raise NothingFresh(f"The folder lacks lists: {names}. Look at them with `directca crl show`.")


def _emit(rows: list[dict[str, Any]], options: CrlOptions) -> None:
    columns = ("authority", "partition", "state", "number", "entries", "this_update", "next_update")
    table = present.listing(columns, [[row[name] for name in columns] for row in rows], empty="There is no authority yet.")
    present.emit(rows, as_json=options.as_json, human=table)


def _state(found: ListFacts | None, now: datetime) -> str:
    if found is None:
        return "none"
    return "fresh" if found.fresh_at(now) else "STALE"


def _facts(of: ListId, found: ListFacts | None, state: str) -> dict[str, Any]:
    if found is None:
        return {
            "authority": of.authority_id,
            "partition": of.partition,
            "state": state,
            "number": None,
            "entries": None,
            "this_update": None,
            "next_update": None,
        }
    return {
        "authority": of.authority_id,
        "partition": of.partition,
        "state": state,
        "number": found.number,
        "entries": found.entries,
        "this_update": rfc3339(found.this_update),
        "next_update": rfc3339(found.next_update),
    }


command(app, "show", CrlOptions, show)
command(app, "make", CrlOptions, make)
command(app, "withdraw", CrlOptions, withdraw)
command(app, "publish", PublishOptions, publish)
