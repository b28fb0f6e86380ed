"""Which authorities whose keys are kept offline need a list to be made there and brought: told in time, since it takes people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from directca.certificates import listing
from directca.db.engine import Tx
from directca.revocation import store
from directca.revocation.context import Revocation
from directca.revocation.model import ListId


@dataclass(frozen=True)
class OfflineList:
    """The list of an authority whose key is not here: until when it may be used, None without one, and why another is wanted,
    None while none is."""

    authority_id: str
    next_update: datetime | None
    wanted_because: str | None


def offline_lists(tx: Tx, ca: Revocation) -> Iterator[OfflineList]:
    """The list of each authority whose key is not here."""
    for authority_id, authority in ca.authorities.items():
        if not authority.has_key:
            yield _seen(tx, ca, ListId(authority_id))


def _seen(tx: Tx, ca: Revocation, of: ListId) -> OfflineList:
    newest = store.newest(tx, of)
    if newest is None:
        return OfflineList(of.authority_id, None, "no list is published")
    because = None
    if listing.behind_version(tx, of.authority_id, of.partition) > newest.status_version:
        because = "a status changed that the published list does not show"
    elif ca.clock.now() >= newest.next_update - ca.policy.crl.offline_renew_before:
        because = "the published list runs out"
    return OfflineList(of.authority_id, newest.next_update, because)
