"""A long list is put together from blocks of entries, of which a change of status touches one.

Blocks are derived: they may be thrown away at any time, and nothing that changes a status has to know of them. Which blocks
are not the entries of today any more follows from the feed of changes; where the feed does not go back far enough, or the
number of entries is not what it should be, all of them are made again. So a list never says less than the entries do.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from directca.certificates import list_block_store as store
from directca.certificates import listing_store
from directca.certificates.list_block_store import Head, Span
from directca.db.engine import Tx
from directca.pki import crl
from directca.pki.crl import EntryBlock, EntryRun

_LONG = 5_000
"""Entries from which on blocks are kept: fewer are read in milliseconds."""

_SIZE = 1_024
"""Entries of a block: about 50 kB, which one change of status makes anew."""

_CALM = 500
"""Changes of status since the last list up to which blocks are made: while very many change, they would be stale at once."""

_LOWEST, _HIGHEST = b"", b"\xff"
"""Below and above each `sort_key`, whose first octet is a length."""


@dataclass(frozen=True)
class Blocks:
    """What to keep after a list was put together: the blocks that are new, and in place of which ones.

    `instead_of` is None for all that there are. It holds for a list whose kept blocks are of version `base`.
    """

    authority_id: str
    name: str
    base: int | None
    version: int
    instead_of: tuple[bytes, ...] | None
    new: tuple[tuple[EntryBlock, datetime], ...]


@dataclass(frozen=True)
class _Known:
    """The blocks that are kept of a list, and the places of those that may not be its entries any more."""

    heads: Sequence[Head]
    stale: frozenset[int]


_NOTHING = _Known((), frozenset())


def gather(tx: Tx, authority_id: str, name: str, latest: datetime, last_version: int | None) -> tuple[EntryRun, Blocks | None]:
    """Everything that the next list has, what a clock that ran ahead dated after `latest` as of `latest`; and what to keep.

    `last_version` is the version of the authority that the last list shows, None before the first.
    """
    version = listing_store.version_of(tx, authority_id)
    count = store.count_entries(tx, authority_id, name)
    whole = Span(authority_id, name, _LOWEST, _HIGHEST)
    if count < _LONG:
        return _put_together(tx, whole, _NOTHING, latest)[0], None
    base = store.kept_version(tx, authority_id, name)
    known = _NOTHING if base is None else _known(tx, whole, base, version, latest)
    run, made = _put_together(tx, whole, known, latest)
    if run.facts().count != count:
        known = _NOTHING
        run, made = _put_together(tx, whole, known, latest)
    if (version == base and not made) or not _is_calm(tx, authority_id, last_version):
        return run, None
    instead_of = None if known is _NOTHING else tuple(known.heads[place].first for place in sorted(known.stale))
    kept = tuple((one, store.earliest_end(tx, whole._replace(low=one.first, high=one.last + b"\0")) or latest) for one in made)
    return run, Blocks(authority_id, name, base, version, instead_of, kept)


def keep(tx: Tx, blocks: Blocks) -> None:
    """Keep what a list was put together from, unless another process has kept something meanwhile."""
    of = (blocks.authority_id, blocks.name)
    if store.kept_version(tx, *of) != blocks.base:
        return
    store.remove(tx, *of, blocks.instead_of)
    store.add(tx, *of, blocks.new)
    store.set_kept_version(tx, *of, blocks.version)


def _is_calm(tx: Tx, authority_id: str, last_version: int | None) -> bool:
    return last_version is not None and listing_store.count_changes_after(tx, authority_id, last_version) <= _CALM


def _known(tx: Tx, whole: Span, base: int, version: int, latest: datetime) -> _Known:
    """The blocks that were kept of a list at the version `base`."""
    changed = _changed(tx, whole.authority_id, base, version)
    heads = store.heads(tx, whole.authority_id, whole.name) if changed is not None else []
    if changed is None or not heads:
        return _NOTHING
    firsts = [head.first for head in heads]
    stale = {max(0, bisect_right(firsts, key) - 1) for key in changed}
    # Past its notAfter an entry is let go once a list has shown it, and no change of status tells of that.
    stale.update(place for place, head in enumerate(heads) if head.earliest_end < latest)
    return _Known(heads, frozenset(stale))


def _changed(tx: Tx, authority_id: str, base: int, version: int) -> list[bytes] | None:
    """The serials whose status changed after a version; None if the feed does not say."""
    if version == base:
        return []
    oldest = listing_store.oldest_change(tx, authority_id)
    if oldest is None or oldest > base + 1:
        return None
    return [crl.sort_key(int(serial, 16)) for serial in listing_store.changes_after(tx, authority_id, base)]


def _put_together(tx: Tx, whole: Span, known: _Known, latest: datetime) -> tuple[EntryRun, list[EntryBlock]]:
    """The list, and the blocks that had to be made for it."""
    run, made = EntryRun(latest), []
    bounds = [whole.low, *(head.first for head in known.heads[1:]), whole.high]
    for anew, group in groupby(range(len(bounds) - 1), key=lambda place: not known.heads or place in known.stale):
        places = list(group)
        span = whole._replace(low=bounds[places[0]], high=bounds[places[-1] + 1])
        for one in _blocks_of_entries(tx, span) if anew else store.blocks(tx, span):
            run.add_block(one)
            if anew:
                made.append(one)
    return run, made


def _blocks_of_entries(tx: Tx, span: Span) -> Iterator[EntryBlock]:
    """Blocks of what is listed in a part of a list: none is small, unless it is the only one, so that changes leave no crumbs."""
    waiting: list[bytes] = []
    for entries in store.entries(tx, span, _SIZE):
        if waiting and len(entries) < _SIZE // 2:
            waiting += entries
            continue
        if waiting:
            yield crl.block(waiting)
        waiting = entries
    if waiting:
        yield crl.block(waiting)
