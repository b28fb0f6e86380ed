"""`directca address`: over which addresses of an organization there is authority, and files of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from directca.api import mailbox_records
from directca.cli import present
from directca.cli.commands import REFUSED, Common, command, group
from directca.cli.context import Desk, opened
from directca.vetting import actors, address_upload, addresses
from directca.vetting.address_model import LARGEST_FILE, AddressFilter, AddressUpload, UploadState, WrongRow
from directca.vetting.case_model import Actor
from directca.vetting.policy import one_address

_TOLD = 20
_LISTED = 1000

app = group("address", "Addresses of an organization that certificates may be issued for.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(Common):
    """Options of `address list`."""

    organization: Annotated[str, typer.Argument(help="The organization's identifier.")]
    begins: Annotated[str | None, typer.Option(help="Only those of which the part before the @ begins so.")] = None
    domain: Annotated[str | None, typer.Option(help="Only those of this domain.")] = None
    after: Annotated[str | None, typer.Option(help="Only those behind this address: a list shows a thousand.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions(Common):
    """Options of `address upload`."""

    organization: Annotated[str, typer.Argument(help="The organization's identifier.")]
    file: Annotated[Path, typer.Argument(help="CSV whose first line names the columns: address, and perhaps until.")]


def list_addresses(options: ListOptions) -> None:
    """List the addresses over which an organization's representative has given authority."""
    after = None if options.after is None else one_address(options.after)
    wanted = AddressFilter(_lower(options.domain), _lower(options.begins), after, _LISTED)
    with opened(options.data) as desk:
        found = addresses.listed(desk.registration, _operator(desk), options.organization, wanted)
        data = mailbox_records.page(found, desk.clock.now())
    columns = ("address", "state", "granted_ts", "expires_ts")
    rows = [[row[column] for column in columns] for row in data["addresses"]]
    table = present.listing(columns, rows, empty="There is authority over no such address. Give it: directca address upload")
    present.emit(data, as_json=options.as_json, human=table)


def upload(options: UploadOptions) -> None:
    """Record the representative's authority over every address of a file, all of them or none."""
    with options.file.open("rb") as file:
        octets = file.read(LARGEST_FILE + 1)
    with opened(options.data) as desk:
        operator = _operator(desk)
        made = address_upload.bring(desk.registration, operator, options.organization, octets)
        done = _worked(desk, made, quiet=options.as_json)
        wrong = address_upload.wrong_rows(desk.registration, operator, done.id)
    data = mailbox_records.upload(done) | {"rows": mailbox_records.wrong(done.wrong, wrong, limit=_LISTED)["rows"]}
    present.emit(data, as_json=options.as_json, human=_said(done, wrong))
    if done.state is not UploadState.APPLIED:
        raise typer.Exit(REFUSED)


command(app, "list", ListOptions, list_addresses)
command(app, "upload", UploadOptions, upload)


def _worked(desk: Desk, made: AddressUpload, *, quiet: bool) -> AddressUpload:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as shown:
        task = shown.add_task("Rows looked at", total=made.total)

        def told(upload: AddressUpload) -> None:
            shown.update(task, completed=upload.checked)

        return address_upload.work(desk.registration, made.id, told=told)


def _said(done: AddressUpload, wrong: tuple[WrongRow, ...]) -> Any:
    if done.state is UploadState.APPLIED:
        return f"{done.added} addresses are authorized anew, {done.changed} have another end, {done.unchanged} stood already."
    if done.state is UploadState.CHECKING:
        return f"Another process is looking at the file {done.id}."
    lines = [f"line {one.line}: {one.value!r}: {one.why}" for one in wrong[:_TOLD]]
    if done.wrong > len(lines):
        lines.append(f"and {done.wrong - len(lines)} more")
    return "\n".join([f"Nothing was recorded: {done.wrong} of {done.total} rows cannot be taken.", *lines])


def _operator(desk: Desk) -> Actor:
    return actors.operator(desk.actor)


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()
