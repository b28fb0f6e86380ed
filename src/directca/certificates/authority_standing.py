"""Whether an authority's own certificate is revoked: what its parent lists, and what keeps it from certifying any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from directca.certificates import authority_standing_store as store
from directca.certificates import listing
from directca.certificates.errors import AuthorityRevoked, StateChanged
from directca.certificates.listing import Listable, Revoked
from directca.certificates.model import AuthorityEntry
from directca.db.engine import Tx
from directca.pki import der
from directca.pki.certificate_view import read_certificate
from directca.pki.reasons import RevocationReason


@dataclass(frozen=True)
class AuthorityStanding:
    """Since when and why an authority's certificate is revoked, and since when its key is suspect; all None while it is good."""

    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    invalidity_date: datetime | None = None


def standing(tx: Tx, authority_id: str) -> AuthorityStanding:
    """The status of a registered authority's certificate."""
    found = store.standing(tx, authority_id)
    assert found is not None  # callers name an authority of the register
    at, word, invalidity_date = found
    return AuthorityStanding(at, None if word is None else RevocationReason(word), invalidity_date)


def check_certifies(tx: Tx, authority_id: str) -> None:
    """Raise AuthorityRevoked unless the authority is registered and its certificate is not revoked."""
    certifies_asked(tx, authority_id)()


def certifies_asked(tx: Tx, authority_id: str) -> Callable[[], None]:
    """`check_certifies`, asked for with what is asked besides; it raises when it is called."""
    standing = store.standing_asked(tx, authority_id)

    def check() -> None:
        found = standing()
        if found is None or found[0] is not None:
            raise AuthorityRevoked(
                "The certificate of this authority was revoked, so it issues nothing any more. Ask its operator."
            )

    return check


def revoke(tx: Tx, entry: AuthorityEntry, before: AuthorityStanding, after: AuthorityStanding, now: datetime) -> None:
    """Revoke an authority's certificate, or change why it is revoked, and list it among what its parent has revoked.

    The caller has decided that it may. Raises StateChanged when its status is no longer what the caller read.
    """
    assert entry.parent_id is not None  # nobody lists a root
    assert after.revoked_at is not None  # a revocation is never taken back
    if not store.revoke(tx, entry.id, _stored(before), _stored(after)):
        raise StateChanged(f"The status of the authority {entry.id} changed at the same moment; look at it again.")
    listed = Listable(f"{serial(entry):x}", listing.FULL, entry.not_after)
    revoked = Revoked(after.revoked_at, after.reason, after.invalidity_date)
    listing.show(tx, entry.parent_id, (listed,), revoked, now)


def serial(entry: AuthorityEntry) -> int:
    """The serial number of an authority's certificate."""
    return der.read_integer(read_certificate(entry.certificate_der).serial)


def _stored(one: AuthorityStanding) -> store.Standing:
    return one.revoked_at, None if one.reason is None else one.reason.value, one.invalidity_date
