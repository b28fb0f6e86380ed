"""What a relying party demands of a CRL as a whole, one check per function, by another reader than the one that made it.

RFC 5280 5 and 6.3, the Direct profile, and the invariants: lists only move forward (12), nothing stale is served (13), a list of
a partition says which one it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from directca.clock import rfc3339
from directca.revocation.verification_model import Look

CLOCKS_DIFFER = timedelta(seconds=5)
"""What a moment that is to come by this clock may be the present by another machine's."""


@dataclass(frozen=True, slots=True)
class PublishedList:
    """What the register knows of a list that it published: its hash (None for an older release's), its thisUpdate, when it was
    published."""

    sha256: str | None
    this_update: datetime
    published_at: datetime


@dataclass(frozen=True, slots=True)
class SeenList:
    """A CRL as it was fetched, beside what it must agree with.

    `address` is the one in certificates. `now` is when it arrived. `longest` is how long the policy lets it last. `published` is
    what the register knows of its number, `overtaken_by` the number of a newer one that had been published for a minute, `last`
    what was seen at the last look.
    """

    address: str
    partition: str
    crl: x509.CertificateRevocationList
    number: int
    sha256: str
    issuer: x509.Certificate
    now: datetime
    longest: timedelta
    published: PublishedList | None
    overtaken_by: int | None
    last: Look | None

    @property
    def this_update(self) -> datetime:
        """The moment for which it speaks."""
        return self.crl.last_update_utc


ListCheck = Callable[[SeenList], str | None]


def read(encoded: bytes) -> tuple[x509.CertificateRevocationList, int]:
    """A DER CRL and its number. Raises ValueError, which says what is wrong with it."""
    try:
        crl = x509.load_der_x509_crl(encoded)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound as error:
        raise ValueError("It has no cRLNumber.") from error
    if crl.next_update_utc is None or crl.next_update_utc <= crl.last_update_utc:
        raise ValueError("Its nextUpdate is missing, or not after its thisUpdate.")
    return crl, number


def crl_signature(seen: SeenList) -> str | None:
    """5.1.1.3: by the key of its issuer."""
    key = seen.issuer.public_key()
    valid = isinstance(key, rsa.RSAPublicKey) and seen.crl.is_signature_valid(key)  # no authority here has another kind
    return None if valid else "Its signature is not by the key of the authority whose list it should be. Find out who serves it."


def crl_issuer(seen: SeenList) -> str | None:
    """5.1.2.3, byte for byte."""
    same = seen.crl.issuer.public_bytes() == seen.issuer.subject.public_bytes()
    return None if same else "Its issuer is not the subject of the authority's certificate, byte for byte. Make a new list."


def crl_begun(seen: SeenList) -> str | None:
    """5.1.2.4: thisUpdate is not to come."""
    if seen.this_update <= seen.now + CLOCKS_DIFFER:
        return None
    return f"Its thisUpdate, {rfc3339(seen.this_update)}, is to come. A clock is wrong, here or where it was made."


def crl_fresh(seen: SeenList) -> str | None:
    """5.1.2.5: nextUpdate is not past (invariant 13)."""
    ends = seen.crl.next_update_utc
    if ends is not None and seen.now < ends:
        return None
    said = "none" if ends is None else rfc3339(ends)
    return f"Its nextUpdate was {said}, and it is served all the same. Make a new list, and empty what keeps the old one."


def crl_period(seen: SeenList) -> str | None:
    """Policy: nextUpdate no further off than it says."""
    ends = seen.crl.next_update_utc
    span = None if ends is None else ends - seen.this_update
    if span is not None and timedelta(0) < span <= seen.longest:
        return None
    return f"Its nextUpdate is {span} after its thisUpdate; the policy lets a list last for {seen.longest}. Make a new list."


def crl_moves_on(seen: SeenList) -> str | None:
    """5.2.3, invariant 12: what was seen is never followed by something older, or by something else of the same number."""
    last = seen.last
    if last is None:
        return None
    if seen.number < last.number or seen.this_update < last.this_update:
        return (
            f"It is older than what was served before: number {seen.number} of {rfc3339(seen.this_update)} came after "
            f"{last.number} of {rfc3339(last.this_update)}. Empty what keeps it, and find out who serves it."
        )
    if seen.number == last.number and seen.sha256 != last.sha256:
        return (
            f"There are two different lists with the number {seen.number}. One of them was not made here: find out who serves it."
        )
    return None


def crl_scope(seen: SeenList) -> str | None:
    """5.2.5: a full list has no issuingDistributionPoint; a partition's is critical and says the address in certificates."""
    try:
        found = seen.crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    except x509.ExtensionNotFound:
        if not seen.partition:
            return None
        return "It covers a part of the certificates only and does not say so (issuingDistributionPoint). Make a new list."
    point = found.value
    if not seen.partition:
        return "It should cover every certificate, but says that it covers a part only. Find out who serves it."
    names = {one.value for one in point.full_name or () if isinstance(one, x509.UniformResourceIdentifier)}
    limits = (
        point.only_contains_user_certs,
        point.only_contains_ca_certs,
        point.only_contains_attribute_certs,
        point.indirect_crl,
        point.only_some_reasons,
    )
    if not found.critical or seen.address not in names or any(limits):
        return (
            "Its issuingDistributionPoint is not critical, says more than an address, or does not say the one in certificates: "
            "relying parties may not use it. Make a new list."
        )
    return None


def crl_known(seen: SeenList) -> str | None:
    """Invariant 8: the authority wrote down that it made this list, and these are the bytes."""
    published = seen.published
    if published is None:
        return f"The register knows no published list with the number {seen.number}. Find out who made it."
    if published.sha256 not in (None, seen.sha256):
        return f"It is not the list that was published with the number {seen.number}. Find out who serves it."
    return None


def crl_newest(seen: SeenList) -> str | None:
    """Policy: a change is visible everywhere within a minute, so an older list is not served for longer."""
    if seen.overtaken_by is None:
        return None
    return (
        f"The list {seen.overtaken_by} was published more than a minute ago, and this is still {seen.number}. "
        "Empty the cache that keeps it, or correct what copies the lists."
    )


CHECKS: tuple[ListCheck, ...] = (
    crl_signature,
    crl_issuer,
    crl_begun,
    crl_fresh,
    crl_period,
    crl_moves_on,
    crl_scope,
    crl_known,
    crl_newest,
)
