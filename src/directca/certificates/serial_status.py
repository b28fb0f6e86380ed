"""The status of certificates by their serial numbers: what an OCSP answer says, and what has changed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from directca.certificates import listing_store, store
from directca.certificates.model import State
from directca.db.engine import Tx
from directca.pki.reasons import RevocationReason


class Standing(Enum):
    """Whether a certificate of this authority may be relied on."""

    GOOD = "good"
    REVOKED = "revoked"
    UNDECIDED = "undecided"
    """Its signature may be being made at this moment."""


@dataclass(frozen=True)
class SerialStatus:
    """The standing of one certificate; of a revoked one, since when and why."""

    standing: Standing
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    invalidity_date: datetime | None = None


_GOOD, _UNDECIDED = SerialStatus(Standing.GOOD), SerialStatus(Standing.UNDECIDED)


def look_up(tx: Tx, authority_id: str, serials: Sequence[str], *, abandoned_before: datetime) -> dict[str, SerialStatus]:
    """The status of each serial, in hex as the register writes it. One that is missing was never issued here.

    An intent that began before `abandoned_before` is what a crash left: the CA key may have signed it, so it counts as revoked
    (invariant 6), even before it is settled.
    """
    found = {}
    for serial in serials:
        row = store.standing(tx, authority_id, serial)
        if row is not None:
            found[serial] = _status(row, abandoned_before)
    return found


def changes_after(tx: Tx, authority_id: str, version: int) -> tuple[int, tuple[str, ...] | None]:
    """The newest version of the authority's status, and the serials that changed after `version`.

    None in their place when the feed does not reach back so far: then anything may have changed.
    """
    newest = listing_store.version_of(tx, authority_id)
    if newest == version:
        return newest, ()
    oldest = listing_store.oldest_change(tx, authority_id)
    if newest < version or oldest is None or oldest > version + 1:
        return newest, None
    return newest, listing_store.changes_after(tx, authority_id, version)


def forget_changes(tx: Tx, *, before: datetime) -> None:
    """End the feed's memory of what every process has seen long ago."""
    listing_store.forget_changes(tx, before=before)


def _status(row: store.StandingRow, abandoned_before: datetime) -> SerialStatus:
    match row.state:
        case State.ISSUED:
            return _GOOD
        case State.INTENDED:
            return SerialStatus(Standing.REVOKED, row.created_at) if row.created_at < abandoned_before else _UNDECIDED
        case _:
            return SerialStatus(Standing.REVOKED, row.revoked_at, row.revocation_reason, row.invalidity_date)
