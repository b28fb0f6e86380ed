"""CRL: a list of what is revoked or held, made from stored facts, signed, and published so that it only moves forward.

1 gather     one consistent moment: the last number, the published list, the entries
2 rehearse   encode, lint those bytes
3 reserve    the number, and the journal's row, before anything is signed (invariant 8)
4 sign       no transaction open
5 publish    compare-and-swap: an older list never replaces a newer one (invariant 12)
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

from directca.certificates import addresses, list_blocks, listing, switch
from directca.certificates.list_blocks import Blocks
from directca.clock import rfc3339, whole_second
from directca.db.engine import Tx
from directca.errors import Unavailable
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki import crl as body
from directca.pki.crl import CrlTemplate
from directca.revocation import store
from directca.revocation.context import Revocation
from directca.revocation.errors import ClockWentBack, NothingFresh
from directca.revocation.model import Crl, ListFacts, ListId
from directca.signing.rehearsal import rehearse_crl

_TRIES = 8

Fence = Callable[[Tx], None]
"""Asked in each transaction that changes something: raises where another process has taken the work over."""


def _nobody_else(_: Tx) -> None:
    """Whoever makes a list without a lease may do so beside others."""


LONG_LIST = 5_000
"""Entries from which on a list is left to upkeep, which makes one for many changes, instead of being made within each."""

_LONGEST_REST, _ENTRIES_A_SECOND = 20, 50_000


def produce(ca: Revocation, of: ListId, *, actor: str, fence: Fence = _nobody_else) -> ListFacts:
    """Make and publish the next CRL; answers what is published afterwards, which may be a newer one.

    Every change of status that was committed before the call is on it. The fence may end it where something is written. Raises
    SigningStopped, LintFailed, ClockWentBack, and what the fence raises.
    """
    authority = ca.authorities[of.authority_id]
    for _ in range(_TRIES):
        # 1 gather
        with ca.database.scan() as tx:
            intent, template, entries, blocks = _gather(tx, ca, of)
        if blocks is not None:
            _keep(ca, blocks)
            del blocks  # a long list is many megabytes, and is held no more often than it must be

        # 2 rehearse
        to_be_signed = body.encode(template, authority.issuer, entries)
        entries.clear()
        rehearsed = rehearse_crl(to_be_signed, template, authority.issuer, ca.policy)

        # 3 reserve
        with ca.database.write() as tx:
            fence(tx)
            switch.check(tx)  # while signing is stopped no number is spent on a list that will not be
            if not store.add_intent(tx, intent, rehearsed.sha256):
                continue  # another process took the number, perhaps with newer facts: gather again
            append(tx, _event("crl.intended", actor, intent), at=ca.clock.now())
        # A crash here leaves a number that no list has; the next list takes the next number.

        # 4 sign
        der = body.assemble(to_be_signed, authority.sign(rehearsed))
        del to_be_signed, rehearsed
        signed = Crl(replace(intent, sha256=sha256(der).hexdigest()), der)

        # 5 publish
        newest = publish(ca, signed, actor=actor, fence=fence)
        if newest.status_version >= intent.status_version:
            return newest
        # A slower process took a higher number for older facts and published first: only a further list shows what this one did.
    raise NothingFresh("Other processes were quicker at each try to make this CRL; one of theirs is published.")


def publish(ca: Revocation, signed: Crl, *, actor: str, fence: Fence = _nobody_else) -> ListFacts:
    """Publish a signed list whose number is reserved, unless a newer one is; answers what is published afterwards."""
    of = signed.facts.of
    with ca.database.write() as tx:
        fence(tx)
        now = ca.clock.now()
        done = store.publish(tx, signed, now)
        if done:
            facts = signed.facts
            listing.published(tx, of.authority_id, of.partition, this_update=facts.this_update, version=facts.status_version)
        append(tx, replace(_event("crl.published", actor, signed.facts), outcome="success" if done else "overtaken"), at=now)
        newest = store.newest(tx, of)
    assert newest is not None  # one was just published
    return newest


def bring_up_to_date(ca: Revocation, authority_ids: Iterable[str], *, actor: str) -> None:
    """Make the lists of some authorities that are behind, but for long ones, which upkeep makes within the minute.

    A list that cannot be made now stays due, and undoes nothing.
    """
    for authority_id in sorted(set(authority_ids)):
        for of in _behind(ca, authority_id):
            with suppress(Unavailable):
                produce(ca, of, actor=actor)


def lists(tx: Tx) -> tuple[ListId, ...]:
    """Every list there is."""
    return tuple(ListId(authority_id, name) for authority_id, name, _ in listing.lists(tx))


def due(ca: Revocation, of: ListId) -> bool:
    """Whether a CRL should be made now: none is there, its interval has passed, a status changed since it was gathered, or
    certificates name it by an address that it does not say itself."""
    with ca.database.read() as tx:
        last = store.newest(tx, of)
        version = listing.behind_version(tx, of.authority_id, of.partition)
        points = _points(tx, ca, of)
    if last is None or not set(points) <= set(last.points):
        return True
    now, behind = ca.clock.now(), version > last.status_version
    if now < last.this_update and (behind or not last.fresh_at(now)):
        return True  # which fails, and is an alarm: a clock ran ahead when the last one was made, or this one runs behind
    return now >= last.this_update + (_rest(last.entries) if behind else ca.policy.crl.interval)


def published(ca: Revocation, of: ListId) -> Crl:
    """The list to serve. Raises NothingFresh when there is none or it has passed its nextUpdate (invariant 13)."""
    with ca.database.read() as tx:
        facts = store.newest(tx, of)
        check_fresh(facts, ca.clock.now())
        assert facts is not None  # nothing else is fresh
        der = store.der_of(tx, facts)
    if der is None:  # those after it were withdrawn, and the next is about to be made
        raise NothingFresh("The newest CRL of this authority was withdrawn, so nothing is served until the next is made.")
    return Crl(facts, der)


def check_fresh(facts: ListFacts | None, now: datetime) -> None:
    """Raise NothingFresh unless a list may be served."""
    if facts is None or now >= facts.next_update:
        raise NothingFresh("The newest CRL of this authority is out of date, so it is not served; the operator must make one.")
    if not facts.fresh_at(now):
        raise NothingFresh("The newest CRL is dated after this machine's clock, so it is not served; the operator must act.")


def newest(tx: Tx, of: ListId) -> ListFacts | None:
    """What is known of the newest published list, fresh or not."""
    return store.newest(tx, of)


def _rest(entries: int) -> timedelta:
    """How long a list stands before changes of status make the next: a long one takes seconds, and shows many changes at once."""
    return timedelta(seconds=min(_LONGEST_REST, entries // _ENTRIES_A_SECOND))


def _behind(ca: Revocation, authority_id: str) -> Sequence[ListId]:
    """The lists of an authority that the last changes made stale and that are short. Upkeep looks at all of them."""
    found = []
    with ca.database.read() as tx:
        for name, version in listing.touched_lately(tx, authority_id):
            last = store.newest(tx, ListId(authority_id, name))
            if last is None or (version > last.status_version and last.entries < LONG_LIST):
                found.append(ListId(authority_id, name))
    return found


def _keep(ca: Revocation, blocks: Blocks) -> None:
    """Keep what was made of entries on the way: without it a list takes longer, so whatever hinders it hinders no list."""
    with suppress(Unavailable), ca.database.write() as tx:
        list_blocks.keep(tx, blocks)


def _gather(tx: Tx, ca: Revocation, of: ListId) -> tuple[ListFacts, CrlTemplate, bytearray, Blocks | None]:
    last = store.newest(tx, of)
    number = store.last_number(tx, of)
    this_update = _this_update(ca, last)
    last_version = None if last is None else last.status_version
    run, blocks = list_blocks.gather(tx, of.authority_id, of.partition, this_update, last_version)
    entries = run.facts()
    template = CrlTemplate(
        # Not less than the time in seconds: a database restored from an old backup must not give out a number twice.
        number=max(number + 1, int(this_update.timestamp())),
        this_update=this_update,
        next_update=this_update + ca.policy.crl.next_update,
        entries=entries,
        follows=None if last is None else (last.number, last.this_update),
        points=_points(tx, ca, of),
    )
    intent = ListFacts(
        of=of,
        number=template.number,
        this_update=template.this_update,
        next_update=template.next_update,
        entries=entries.count,
        status_version=listing.behind_version(tx, of.authority_id, of.partition),
        points=template.points,
        sha256=None,
    )
    return intent, template, run.entries, blocks


def _points(tx: Tx, ca: Revocation, of: ListId) -> tuple[str, ...]:
    """What a list of a partition calls itself: every address that a certificate has for it, or will have next."""
    if not of.partition:
        return ()
    named = addresses.named_lists(tx, of.authority_id, of.partition)
    return tuple(sorted({*named, addresses.crl_uri(ca.relying_party_url, of.authority_id, of.partition)}))


def _this_update(ca: Revocation, last: ListFacts | None) -> datetime:
    """Now, in whole seconds. A clock that stands before the last list's is refused: thisUpdate never goes back."""
    now = whole_second(ca.clock.now())
    if last is not None and now < last.this_update:
        raise ClockWentBack(
            f"The clock says {rfc3339(now)}, and the last CRL is dated {rfc3339(last.this_update)}. Set the clock right; "
            "if it is right, and ran ahead when that list was made: directca crl withdraw"
        )
    return now


def _event(kind: str, actor: str, facts: ListFacts) -> Event:
    detail: dict[str, Fact] = {
        "number": facts.number,
        "entries": facts.entries,
        "this_update": facts.this_update.isoformat(),
        "next_update": facts.next_update.isoformat(),
    }
    if facts.of.partition:
        detail["partition"] = facts.of.partition
    return Event(kind, actor, f"authority:{facts.of.authority_id}", detail=detail)
