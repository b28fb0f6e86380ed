"""A certificate revocation list: the facts, and their one encoding as TBSCertList (RFC 5280 5.1).

Encoded directly, because the library's builder takes quadratic time for a long list. Each entry is encoded once, when its
certificate is revoked, and kept so; a list is a run of kept entries between a few fields, made in memory that its own bytes
take and little more. As with certificates, the bytes are made once, and linted, signed and served as they are.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice
from operator import itemgetter, lt

from directca.pki import der, oids
from directca.pki.reasons import RevocationReason
from directca.pki.templates import Issuer, extension

_VERSION_2 = der.integer(1)
_TIME_OCTETS = 15


@dataclass(frozen=True, slots=True)
class RevokedEntry:
    """One revoked certificate. No reason and `unspecified` are the same, and neither is written (5.3.1)."""

    serial: int
    revoked_at: datetime
    reason: RevocationReason | None = None
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedEntries:
    """What is known of a run of entries: how many, the SHA-256 of their bytes, the newest time, and whether serials ascend."""

    count: int
    sha256: str
    newest: bytes
    ascending: bool


@dataclass(frozen=True, slots=True)
class CrlTemplate:
    """Everything about one CRL that was decided before it is encoded.

    `follows` is the number and the thisUpdate of the CRL that this one takes the place of, None for the first: a CRL that
    does not come after it is never signed. `points` are the URIs of a list that covers a partition only, as the certificates
    in that partition name them; a full list has none.
    """

    number: int
    this_update: datetime
    next_update: datetime
    entries: ListedEntries
    follows: tuple[int, datetime] | None = None
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryBlock:
    """Entries that follow one another in a list, and what is known of them, so that nobody has to take them apart again.

    `first` and `last` are the serials at its ends (`sort_key`), `newest` is the newest time as it is encoded.
    """

    entries: bytes
    count: int
    newest: bytes
    first: bytes
    last: bytes
    ascending: bool

    def no_later(self, latest: bytes) -> "EntryBlock":
        """The same entries, those dated after an encoded moment as of that moment."""
        if self.newest <= latest:
            return self
        return replace(self, entries=b"".join(_no_later(entry, latest) for entry in _split(self.entries)), newest=latest)


class EntryRun:
    """Collects kept entries in the order of their serials. What is dated after `latest` is listed as of `latest`: a revocation
    by a clock that ran ahead is listed, rather than keep every list back."""

    def __init__(self, latest: datetime) -> None:
        self.entries = bytearray()  # of many megabytes: the system has it back as soon as it is cleared
        self._latest = der.time(latest)
        self._count = 0
        self._newest = b""
        self._ascending = True
        self._last = b""
        self._digest = hashlib.sha256()

    def add(self, entries: Sequence[bytes]) -> None:
        """Append some entries, at least one. Their times and their order are read from the entries themselves."""
        self.add_block(block(entries))

    def add_block(self, added: EntryBlock) -> None:
        """Append entries that were taken apart before."""
        timely = added.no_later(self._latest)
        self._digest.update(timely.entries)
        self.entries += timely.entries
        self._count += timely.count
        self._newest = max(self._newest, timely.newest)
        self._ascending = self._ascending and self._last < timely.first and timely.ascending
        self._last = timely.last

    def facts(self) -> ListedEntries:
        """What was collected so far."""
        return ListedEntries(self._count, self._digest.hexdigest(), self._newest, self._ascending)


def block(entries: Sequence[bytes]) -> EntryBlock:
    """Take some encoded entries apart, at least one."""
    serials, times = _serials_and_times(entries)
    return EntryBlock(
        entries=b"".join(entries),
        count=len(entries),
        newest=max(times),
        first=serials[0],
        last=serials[-1],
        ascending=all(map(lt, serials, islice(serials, 1, None))),
    )


def _split(entries: bytes) -> Iterator[bytes]:
    """Entries one by one: each is shorter than 128 octets."""
    at = 0
    while at < len(entries):
        end = at + 2 + entries[at + 1]
        yield entries[at:end]
        at = end


def _no_later(entry: bytes, latest: bytes) -> bytes:
    at = 4 + entry[3]
    if entry[at : at + _TIME_OCTETS] <= latest:
        return entry
    return entry[:at] + latest + entry[at + _TIME_OCTETS :]


def _serials_and_times(entries: Sequence[bytes]) -> tuple[list[bytes], Iterable[bytes]]:
    """Cut out of entries: 30 length 02 length-of-serial serial time. What follows the 02 sorts as serials do (`sort_key`)."""
    lengths = set(map(itemgetter(3), entries))
    if len(lengths) > 1:
        serials = [entry[3 : 4 + entry[3]] for entry in entries]
        return serials, [entry[4 + entry[3] : 4 + entry[3] + _TIME_OCTETS] for entry in entries]
    # Nearly always all serials are of one length: then nothing of this is done in Python for each of a million.
    end = 4 + lengths.pop()
    return list(map(itemgetter(slice(3, end)), entries)), map(itemgetter(slice(end, end + _TIME_OCTETS)), entries)


def sort_key(serial: int) -> bytes:
    """A serial number so that octets sort as the numbers do: the DER INTEGER without its tag."""
    return der.integer(serial)[1:]


def encode_entry(entry: RevokedEntry) -> bytes:
    """The entry as it stands in the list. Raises DerError, and ValueError for a reason that has no place in a full CRL."""
    extensions = _entry_extensions(entry.reason, entry.invalidity_date)
    return der.sequence(der.integer(entry.serial), der.time(entry.revoked_at), extensions)


def encode(template: CrlTemplate, issuer: Issuer, entries: bytes | bytearray) -> bytes:
    """The TBSCertList with a run of encoded entries, in ascending order of serials, so that the same facts are the same bytes.

    Raises DerError when a value has no encoding.
    """
    before = (
        _VERSION_2,
        issuer.algorithm.identifier,
        issuer.name_der,
        der.time(template.this_update),
        der.time(template.next_update),
    )
    # An empty list is left out, not written as an empty SEQUENCE (5.1.2.6).
    listed = (der.header(der.SEQUENCE, len(entries)), entries) if entries else ()
    after = der.explicit(0, der.sequence_of(_extensions(template, issuer)))
    return der.joined((*before, *listed, after))


def assemble(to_be_signed: bytes, signature: bytes) -> bytes:
    """The CertificateList: the bytes that were signed, their own algorithm once more outside, the signature."""
    fields = [field for tbs in der.windows(to_be_signed) for field in der.windows(tbs.content)]
    if len(fields) < 2:
        raise der.DerError("What is to be signed has no algorithm.")
    return der.joined((to_be_signed, bytes(fields[1].encoded), der.bit_string(signature)))


def _extensions(template: CrlTemplate, issuer: Issuer) -> list[bytes]:
    extensions = [
        extension(oids.AUTHORITY_KEY_ID, der.sequence(der.implicit(0, issuer.key_id))),
        extension(oids.CRL_NUMBER, der.integer(template.number)),
    ]
    if template.points:
        names = b"".join(der.ia5(point, 0x86) for point in template.points)
        point = der.explicit(0, der.explicit(0, names))
        extensions.append(extension(oids.ISSUING_DISTRIBUTION_POINT, der.sequence(point), critical=True))
    return extensions


@lru_cache(maxsize=64)
def _entry_extensions(reason: RevocationReason | None, invalidity_date: datetime | None) -> bytes:
    written = []
    if reason is not None and reason is not RevocationReason.UNSPECIFIED:
        if not reason.on_full_crl:
            raise ValueError(f"{reason.value} has no place in a full CRL")
        written.append(extension(oids.REASON_CODE, der.enumerated(reason.code)))
    if invalidity_date is not None:
        written.append(extension(oids.INVALIDITY_DATE, der.generalized_time(invalidity_date)))
    return der.sequence(*written) if written else b""
