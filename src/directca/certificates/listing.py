"""What the next CRLs of an authority list. Written in the transaction of the change of status that it shows.

A certificate is listed in the full list, and in the list of its partition if it has one. An entry is encoded once, held against
the rules of entries, and kept so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from directca.certificates import listing_store as store
from directca.db.engine import Tx
from directca.pki import crl
from directca.pki.crl import EntryRun, RevokedEntry
from directca.pki.lints.revocation_list import examine_entry
from directca.pki.reasons import RevocationReason

FULL = store.FULL
"""The name of the list that has every entry of its authority."""

_LATELY = 64


@dataclass(frozen=True)
class Listable:
    """A certificate as lists know it: its serial in hex, the partition that it was issued into, and its notAfter."""

    serial: str
    partition: str
    not_after: datetime


@dataclass(frozen=True)
class Revoked:
    """Since when and why certificates are listed; `invalidity_date` is when their keys became suspect, if that is known."""

    at: datetime
    reason: RevocationReason | None
    invalidity_date: datetime | None = None


def show(tx: Tx, authority_id: str, certificates: Sequence[Listable], revoked: Revoked, now: datetime) -> None:
    """List certificates that were revoked or put on hold, or list them otherwise than before."""
    version = _changed(tx, authority_id, certificates, now)
    shown: list[store.Entry] = []
    for one in certificates:
        entry = _encoded(int(one.serial, 16), revoked)
        key = crl.sort_key(int(one.serial, 16))
        shown.extend((name, key, entry, one.not_after) for name in _lists_of(one))
    store.put_entries(tx, authority_id, version, shown)


def hide(tx: Tx, authority_id: str, certificates: Sequence[Listable], now: datetime) -> None:
    """List certificates no longer, whose hold has ended."""
    _changed(tx, authority_id, certificates, now)
    store.remove_entries(
        tx, authority_id, [(name, crl.sort_key(int(one.serial, 16))) for one in certificates for name in _lists_of(one)]
    )


def entries(tx: Tx, authority_id: str, name: str, latest: datetime) -> EntryRun:
    """Everything that the next list has, what a clock that ran ahead dated after `latest` as of `latest`."""
    run = EntryRun(latest)
    for kept in store.entries(tx, authority_id, name):
        run.add(kept)
    return run


def behind_version(tx: Tx, authority_id: str, name: str) -> int:
    """The version that a list has to show: one that shows an older one is behind."""
    return store.changed_version(tx, authority_id, name) or 0


def lists(tx: Tx) -> tuple[tuple[str, str, int], ...]:
    """Every list there is: authority, name, and the version that it has to show."""
    return store.partitions(tx)


def touched_lately(tx: Tx, authority_id: str) -> tuple[tuple[str, int], ...]:
    """The lists that one of the authority's last changes of status concerns, with the version that each has to show."""
    return store.touched_after(tx, authority_id, store.version_of(tx, authority_id) - _LATELY)


def is_listed(tx: Tx, authority_id: str, serial: str) -> bool:
    """Whether the full list has a certificate."""
    return store.has_entry(tx, authority_id, FULL, crl.sort_key(int(serial, 16)))


def begin(tx: Tx, authority_id: str, names: Sequence[str], now: datetime) -> None:
    """Begin lists, so that they are published before a certificate names them."""
    for name in names:
        store.add_partition(tx, authority_id, name, now)


def published(tx: Tx, authority_id: str, name: str, *, this_update: datetime, version: int) -> None:
    """A list was published: what it showed past its notAfter need not be shown again (RFC 5280 3.3, invariant 11)."""
    store.forget_expired(tx, authority_id, name, this_update=this_update, version=version)


def want_new(tx: Tx, now: datetime) -> None:
    """Let every list count as behind, so that the next upkeep makes new ones."""
    wanted: dict[str, list[str]] = {}
    for authority_id, name, _ in store.partitions(tx):
        wanted.setdefault(authority_id, []).append(name)
    for authority_id, names in wanted.items():
        store.touch(tx, authority_id, names, store.count_change(tx, authority_id, (), now))


def partition_name(serial: int, partitions: int) -> str:
    """The list that a pair is issued into, by the serial number of its signing certificate: of 16, "16-3" is the fourth.

    Both certificates of a pair name one list, since they are identical but for key, serial and key usage.
    """
    return f"{partitions}-{serial % partitions}" if partitions > 1 else FULL


def partition_names(partitions: int) -> tuple[str, ...]:
    """The lists into which certificates are issued."""
    return tuple(partition_name(place, partitions) for place in range(partitions)) if partitions > 1 else (FULL,)


def _changed(tx: Tx, authority_id: str, certificates: Sequence[Listable], now: datetime) -> int:
    version = store.count_change(tx, authority_id, [one.serial for one in certificates], now)
    store.touch(tx, authority_id, sorted({name for one in certificates for name in _lists_of(one)}), version)
    return version


def _lists_of(one: Listable) -> tuple[str, ...]:
    return (FULL,) if one.partition == FULL else (FULL, one.partition)


def _encoded(serial: int, revoked: Revoked) -> bytes:
    # The record keeps a word that a full CRL cannot say; the entry gives no reason then.
    reason = revoked.reason if revoked.reason is not None and revoked.reason.on_full_crl else None
    entry = RevokedEntry(serial, revoked.at, reason, revoked.invalidity_date)
    encoded = crl.encode_entry(entry)
    examine_entry(encoded, entry)
    return encoded
