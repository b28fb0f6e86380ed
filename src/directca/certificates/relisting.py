"""Entering again what lists have let go of, from the records: after a clock that ran ahead made them take it for expired."""

from datetime import datetime

from directca.certificates import census, listing
from directca.certificates.census import Registered
from directca.certificates.listing import Listable, Revoked
from directca.db.engine import Tx


def relist(tx: Tx, authority_id: str, now: datetime) -> int:
    """List every certificate that is revoked or held, has not expired, and is on no list; how many."""
    of_subscribers = census.revoked(tx, authority_id, None, not_before=now)
    of_authorities = (one for _, one in census.authorities_below(tx, authority_id) if one.listed and one.not_after >= now)
    found = [*of_subscribers, *of_authorities]
    missing = [one for one in found if not listing.is_listed(tx, authority_id, f"{one.serial:x}")]
    for one in missing:
        _show(tx, authority_id, one, now)
    return len(missing)


def _show(tx: Tx, authority_id: str, one: Registered, now: datetime) -> None:
    revoked = Revoked(one.revoked_at or one.changed_at, one.reason, one.invalidity_date)
    listing.show(tx, authority_id, [Listable(f"{one.serial:x}", one.partition, one.not_after)], revoked, now)
