"""A walk over the whole journal that takes its time and shows how far it is. `docs/flows/verify.md` tells the same.

Each stretch of rows is read in a transaction of its own, so that nobody waits for the walk; its place is written down behind
each. Whoever dies leaves that, and anybody may go on from there. Of two that walk at once, one finds its place taken and stops.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from directca.clock import Clock
from directca.db.engine import Database, Tx
from directca.journal import store
from directca.journal import verification_store as walks
from directca.journal.errors import NoSuchVerification
from directca.journal.model import Event, Fact, Verification
from directca.journal.record import append
from directca.journal.verify import verify_stretch

STILL = timedelta(seconds=60)
"""A walk that has not moved for so long has nobody who goes on with it."""

_STRETCH = 5_000
_MOST_PROBLEMS = 20


def begin(tx: Tx, actor: str, now: datetime, random: Callable[[int], bytes]) -> Verification:
    """Write down that somebody wants the journal verified, from its first row; `walk` does it."""
    head = store.head(tx)
    made = Verification(f"{int(now.timestamp()):08x}{random(12).hex()}", actor, now, now, 0 if head is None else head[0])
    walks.add(tx, made)
    append(tx, Event("journal.verification_begun", actor, f"verification:{made.id}", detail={"rows": made.total}), at=now)
    return made


def walk(database: Database, clock: Clock, verification_id: str, *, rows: int = _STRETCH) -> Verification:
    """Go on with a walk to its end, or until another process has gone on with it. Raises NoSuchVerification."""
    with database.read() as tx:
        before = found(tx, verification_id)
    while before.finished_at is None:
        # 1 read
        with database.scan() as tx:
            stretch = verify_stretch(tx, before.position, before.digest, rows=rows)

        # 2 write down
        now = clock.now()
        problems = (*before.problems, *stretch.problems)[:_MOST_PROBLEMS]
        ends = stretch.is_end or len(problems) >= _MOST_PROBLEMS
        after = replace(before, moved_at=now, position=stretch.position, digest=stretch.digest, problems=problems)
        after = replace(after, finished_at=now if ends else None)
        with database.write() as tx:
            if not walks.move(tx, before, after):
                return found(tx, verification_id)
            if ends:
                append(tx, _verdict(after), at=now)
        # A crash here leaves a walk that stands still; whoever looks at it is offered to go on from where it is.
        before = after
    return before


def found(tx: Tx, verification_id: str) -> Verification:
    """A walk. Raises NoSuchVerification."""
    one = walks.find(tx, verification_id)
    if one is None:
        raise NoSuchVerification("There is no such verification of the journal.")
    return one


def newest(tx: Tx, most: int) -> tuple[Verification, ...]:
    """The last walks, newest first."""
    return walks.newest(tx, most)


def _verdict(one: Verification) -> Event:
    outcome = "journal_broken" if one.problems else "success"
    detail: dict[str, Fact] = {"rows": one.position, "digest": one.digest, "problems": list(one.problems)}
    return Event("journal.verified", one.actor, f"verification:{one.id}", outcome=outcome, detail=detail)
