"""The certification authorities that the register knows."""

from directca.certificates import authority_store as store
from directca.certificates import listing
from directca.certificates.model import AuthorityEntry
from directca.db.engine import Tx


def add(tx: Tx, entry: AuthorityEntry) -> None:
    """Register an authority, and begin its full list."""
    store.add_authority(tx, entry)
    listing.begin(tx, entry.id, (listing.FULL,), entry.created_at)


def known(tx: Tx) -> tuple[AuthorityEntry, ...]:
    """Every authority, oldest first."""
    return store.authorities(tx)


def status_version(tx: Tx, authority_id: str) -> int:
    """How many changes of status the authority's certificates have seen: what shows status is behind if it saw fewer."""
    return store.status_version(tx, authority_id)
