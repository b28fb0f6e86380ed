"""Authority over many addresses at once: a file that is brought, looked at row by row, and applied as a whole or not at all.

`docs/flows/addresses.md` tells the same steps. With a single row that cannot be taken nothing of the file counts: whoever brought
it is told each such row, corrects them and brings the file again. What was taken is one commit, so nobody ever sees a part of it.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from directca.db import leases
from directca.db.engine import Tx
from directca.db.schema import findable
from directca.vetting import address_file, address_store, evidence, organizations
from directca.vetting.address_errors import NoSuchUpload, UploadUnderWay
from directca.vetting.address_model import AddressTable, AddressUpload, UploadState, WantedAddress, WrongRow
from directca.vetting.addresses import chosen, speaks_for
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.model import MailboxAuthority, OrganizationStatus
from directca.watch import step

_AT_ONCE = 1000
"""Rows between two notes of how far it has come."""

_LEASE = timedelta(seconds=30)
_UPLOADS_LISTED = 20

Told = Callable[[AddressUpload], None]
"""Hears how far the work has come, after each note."""


def _nobody(_upload: AddressUpload) -> None:
    """Nobody listens."""


def bring(desk: Registration, actor: Actor, organization_id: str | None, octets: bytes) -> AddressUpload:
    """Take a file in; `work` looks at it. The same file again, while it is being looked at, is the same upload.

    Raises BadAddressFile, NotPermitted, NoSuchOrganization, OrganizationState, BadVettingRecord, UploadUnderWay.
    """
    step(1, "read")
    total = len(address_file.read(octets).rows)
    digest = hashlib.sha256(octets).hexdigest()
    with desk.database.write() as tx:
        step(2, "keep")
        about = speaks_for(tx, actor, organization_id)
        other = address_store.under_way(tx, about.id)
        if other is not None:
            if other.sha256 == digest:
                return other
            raise UploadUnderWay(f"The file {other.id} of {about.facts.legal_name} is still being looked at. Wait for it.")
        made = AddressUpload(
            id=desk.identifier(),
            account_id=about.account_id,
            organization_id=about.id,
            state=UploadState.CHECKING,
            actor=actor.journalled,
            sha256=digest,
            total=total,
            brought_at=desk.clock.now(),
            content=octets,
        )
        address_store.add(tx, made)
        organizations.journal(
            tx, about, "mailboxes.brought", made.actor, made.brought_at, upload=made.id, sha256=digest, rows=total
        )
    # A crash here leaves a file that nobody looks at yet; upkeep does within seconds.
    return replace(made, content=b"")


def work(desk: Registration, upload_id: str, *, holder: str | None = None, told: Told = _nobody) -> AddressUpload:
    """Look at every row, then apply the file or refuse it; how it stands then.

    One process at a time works on a file; while another does, this one leaves it alone. Raises NoSuchUpload.
    """
    holder = holder or secrets.token_hex(8)
    with desk.database.read() as tx:
        upload = address_store.find(tx, upload_id, with_content=True)
        if upload is None:
            raise _no_upload()
        domains = _claimed(tx, upload.organization_id)
    if upload.state is not UploadState.CHECKING:
        return replace(upload, content=b"")
    step(3, "check")
    table = address_file.read(upload.content)
    found = tuple(address_file.understood(table, domains, desk.clock.now()))
    while upload.checked < upload.total:
        some = found[upload.checked : upload.checked + _AT_ONCE]
        with desk.database.write() as tx:
            if not _holds(tx, desk, upload, holder):
                break
            wrong = [one for one in some if isinstance(one, WrongRow)]
            address_store.note(tx, upload, upload.checked + len(some), wrong)
        upload = replace(upload, checked=upload.checked + len(some), wrong=upload.wrong + len(wrong))
        # A crash here leaves a file of which some rows were looked at; upkeep goes on behind them.
        told(upload)
    else:
        with desk.database.write() as tx:
            if _holds(tx, desk, upload, holder):
                _settle(tx, desk, upload, _Looked(table, found, domains))
                leases.give_back(tx, _lease(upload), holder, now=desk.clock.now())
    return _found(desk, upload.id)


def resume_all(desk: Registration, *, holder: str) -> tuple[AddressUpload, ...]:
    """Go on with every file that a crash left and that nobody works on."""
    with desk.database.read() as tx:
        left = address_store.unfinished(tx)
    return tuple(work(desk, upload_id, holder=holder) for upload_id in left)


def show(desk: Registration, actor: Actor, upload_id: str) -> AddressUpload:
    """How a file of the actor's account stands. Raises NoSuchUpload."""
    found = _found(desk, upload_id)
    if not actor.is_operator and found.account_id != actor.account_id:
        raise _no_upload()
    return found


def uploads(desk: Registration, actor: Actor, organization_id: str | None) -> tuple[AddressUpload, ...]:
    """The last files of an organization, newest first. Raises NoSuchOrganization, BadVettingRecord."""
    with desk.database.read() as tx:
        return address_store.newest(tx, [chosen(tx, actor, organization_id).id], _UPLOADS_LISTED)


def wrong_rows(desk: Registration, actor: Actor, upload_id: str, after: int = 0, limit: int = 1000) -> tuple[WrongRow, ...]:
    """Rows of a file that cannot be taken, by line, behind a line. Raises NoSuchUpload."""
    known = show(desk, actor, upload_id)
    with desk.database.read() as tx:
        return address_store.wrong_rows(tx, known.id, after, limit)


@dataclass(frozen=True)
class _Looked:
    """What looking at a file has found, by the domains that were claimed then."""

    table: AddressTable
    rows: tuple[WantedAddress | WrongRow, ...]
    domains: frozenset[str]

    def at(self, domains: frozenset[str], now: datetime) -> tuple[WantedAddress | WrongRow, ...]:
        """The same by what is true at another moment: looked at anew if something has changed."""
        ends = (one.expires_at for one in self.rows if isinstance(one, WantedAddress) and one.expires_at is not None)
        if domains == self.domains and all(end > now for end in ends):
            return self.rows
        return tuple(address_file.understood(self.table, domains, now))


def _settle(tx: Tx, desk: Registration, upload: AddressUpload, looked: _Looked) -> None:
    """Apply the file by what is true now, or refuse it: a domain may have been withdrawn meanwhile."""
    now = desk.clock.now()
    about = organizations.find(tx, upload.organization_id)
    if about.status is OrganizationStatus.ENDED:
        upload = _also_wrong(tx, upload, [WrongRow(0, "", "", f"{about.facts.legal_name} is ended.")])
    again = () if upload.wrong else looked.at(_claimed(tx, about.id), now)
    late = [one for one in again if isinstance(one, WrongRow)]
    if late:
        upload = _also_wrong(tx, upload, late)
    if upload.wrong:
        step(4, "refuse")
        done = replace(upload, state=UploadState.REFUSED, settled_at=now)
        address_store.settle(tx, done, keep=False)
        organizations.journal(
            tx, about, "mailboxes.refused", upload.actor, now, upload=upload.id, sha256=upload.sha256, wrong=upload.wrong
        )
        return
    step(5, "apply")
    done = _apply(tx, desk, upload, tuple(one for one in again if isinstance(one, WantedAddress)))
    address_store.settle(tx, done, keep=True)
    organizations.journal(
        tx,
        about,
        "mailboxes.authorized",
        done.actor,
        now,
        upload=done.id,
        sha256=done.sha256,
        added=done.added,
        changed=done.changed,
        unchanged=done.unchanged,
        domains=sorted({one.domain for one in again if isinstance(one, WantedAddress)}),
    )
    # A crash before the commit leaves the file as it was looked at; upkeep applies it.


def _apply(tx: Tx, desk: Registration, upload: AddressUpload, wanted: tuple[WantedAddress, ...]) -> AddressUpload:
    now = desk.clock.now()
    standing = address_store.all_standing(tx, upload.organization_id, {one.domain for one in wanted})
    ended: list[str] = []
    added: list[MailboxAuthority] = []
    for one in wanted:
        known = standing.get((one.domain, one.mailbox))
        if known is not None and known[1] == one.expires_at:
            continue
        if known is not None:
            ended.append(known[0])
        added.append(MailboxAuthority(desk.identifier(), upload.organization_id, one.domain, one.mailbox, now, one.expires_at))
    address_store.replace_all(tx, ended, added, now)
    return replace(
        upload,
        state=UploadState.APPLIED,
        added=len(added) - len(ended),
        changed=len(ended),
        unchanged=len(wanted) - len(added),
        settled_at=now,
    )


def _also_wrong(tx: Tx, upload: AddressUpload, wrong: list[WrongRow]) -> AddressUpload:
    address_store.note(tx, upload, upload.checked, wrong)
    return replace(upload, wrong=upload.wrong + len(wrong))


def _claimed(tx: Tx, organization_id: str) -> frozenset[str]:
    return frozenset(claim.domain for claim in evidence.claims(tx, organization_id))


def _holds(tx: Tx, desk: Registration, upload: AddressUpload, holder: str) -> bool:
    """Whether this process may go on: it has the lease, and the file is as far as this process knows."""
    if not leases.take(tx, _lease(upload), holder, now=desk.clock.now(), duration=_LEASE):
        return False
    known = address_store.find(tx, upload.id)
    return known is not None and (known.state, known.checked) == (UploadState.CHECKING, upload.checked)


def _lease(upload: AddressUpload) -> str:
    return f"addresses:{upload.organization_id}"


def _found(desk: Registration, upload_id: str) -> AddressUpload:
    with desk.database.read() as tx:
        found = address_store.find(tx, findable(upload_id))
    if found is None:
        raise _no_upload()
    return found


def _no_upload() -> NoSuchUpload:
    return NoSuchUpload("There is no such file of addresses, or none of yours.")
