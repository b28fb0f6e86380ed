"""After a clock that ran ahead: lists that are dated into the future are withdrawn and made anew.

A list never goes back in time (invariant 12), so one that is dated a year ahead keeps every list back for a year. No relying
party whose clock is right has ever believed it; so an operator, who alone can know that the clock is right now, has it count as
never published. Its number stays used, and what it let go of as expired is entered again.
Withdrawing is one commit, with the journal's rows; making new lists follows, as ever.
"""

from dataclasses import dataclass
from datetime import datetime

from directca.certificates import listing, relisting
from directca.certificates.listing import Listable, Revoked
from directca.clock import whole_second
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.revocation import crl, responder_store, store
from directca.revocation.context import Revocation
from directca.revocation.model import ListFacts, ListId


@dataclass(frozen=True)
class Withdrawn:
    """A list with the numbers that were withdrawn, and the one that took their place: None where its key is kept elsewhere."""

    of: ListId
    numbers: tuple[int, ...]
    made: ListFacts | None


def withdraw(ca: Revocation, *, actor: str) -> tuple[Withdrawn, ...]:
    """Withdraw what is dated into the future, and make it anew; empty when nothing is. Raises what making a list raises."""
    with ca.database.write() as tx:
        now = whole_second(ca.clock.now())
        found = [(of, numbers) for of in crl.lists(tx) if (numbers := store.withdraw(tx, of, dated_after=now))]
        for authority_id in sorted({of.authority_id for of, _ in found}):
            entered = relisting.relist(tx, authority_id, now) + _relist_responders(tx, authority_id, now)
            detail: dict[str, Fact] = {"entered_again": entered}
            append(tx, Event("crl.relisted", actor, f"authority:{authority_id}", detail=detail), at=now)
        for of, numbers in found:
            append(tx, _withdrawn(actor, of, numbers), at=now)
    # A crash here leaves lists that are older than the withdrawn ones, or none: upkeep makes the next, which are due.

    return tuple(Withdrawn(of, numbers, _made(ca, of, actor)) for of, numbers in found)


def _made(ca: Revocation, of: ListId, actor: str) -> ListFacts | None:
    authority = ca.authorities.get(of.authority_id)
    return crl.produce(ca, of, actor=actor) if authority is not None and authority.has_key else None


def _relist_responders(tx: Tx, authority_id: str, now: datetime) -> int:
    missing = [
        one
        for one in responder_store.of_authority(tx, authority_id)
        if one.revoked_at is not None and one.not_after >= now and not listing.is_listed(tx, authority_id, one.serial)
    ]
    for one in missing:
        assert one.revoked_at is not None  # chosen so
        listed = Listable(one.serial, listing.FULL, one.not_after)
        listing.show(tx, authority_id, [listed], Revoked(one.revoked_at, one.revocation_reason), now)
    return len(missing)


def _withdrawn(actor: str, of: ListId, numbers: tuple[int, ...]) -> Event:
    detail: dict[str, Fact] = {"list": str(of), "first": numbers[0], "last": numbers[-1], "lists": len(numbers)}
    return Event("crl.withdrawn", actor, f"authority:{of.authority_id}", detail=detail)
