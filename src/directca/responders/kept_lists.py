"""The newest revocation lists, one copy of each in a process, shared by all who read it.

Which one is the newest is asked in the database whenever anything was committed there, once for all who wait; its bytes are
read only when its number is another than that of the copy. So a list is served from the moment of its publication, by every
process, and a long one is not read for each request. All of it belongs to the event loop; questions are asked in threads.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

from directca.responders.conditions import Validators
from directca.responders.representation import Representation
from directca.revocation import crl
from directca.revocation.context import Revocation
from directca.revocation.model import Crl, ListFacts, ListId

MOST_OCTETS = 268_435_456
"""What a process keeps of lists, those too that are replaced and still being read: about six million entries."""

MOST_AGE = 30
"""For how many seconds others may repeat a list. The way of a change to everybody is: at most 20 seconds of rest for the longest
list, 5 until upkeep looks, 3 to make it, less than one to be noticed here, and these: a minute at most."""

_THREADS = 2
_TYPE = b"application/pkix-crl"
_POLICY = b"public, max-age=%d, must-revalidate, no-transform"


class _Place:
    """What is known of one list: what the database said last, when, and at which mark of changes."""

    __slots__ = ("asked_at", "asking", "facts", "kept", "mark")

    def __init__(self) -> None:
        self.asked_at = float("-inf")
        self.mark: int | None = None
        self.asking: asyncio.Task[None] | None = None
        self.facts: ListFacts | None = None
        self.kept: Representation | None = None


class KeptLists:
    """Lists by name. `monotonic` is the time by which it is decided whether to ask again."""

    def __init__(
        self, ca: Revocation, *, most_octets: int = MOST_OCTETS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ca = ca
        self._most_octets = most_octets
        self._monotonic = monotonic
        self._changes = ca.database.changes(at_once=True)
        self._places: dict[ListId, _Place] = {}
        self._held: OrderedDict[Representation, _Place] = OrderedDict()  # that which was asked for last at the end
        self._octets = 0
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="lists")

    @property
    def octets(self) -> int:
        """What is kept at this moment."""
        return self._octets

    def knows(self, of: ListId) -> bool:
        """Whether there ever was such a list, as far as was asked."""
        place = self._places.get(of)
        return place is not None and place.facts is not None

    async def newest(self, of: ListId) -> Representation | None:
        """The list to serve; None when there never was one. Raises NothingFresh, and what the database raises."""
        place = self._places.get(of) or _Place()
        came_at, mark = self._monotonic(), self._changes.read()
        # What was asked before knows nothing of what was published meanwhile.
        while place.asked_at < came_at and (mark is None or mark != place.mark):
            if place.asking is None:
                place.asking = asyncio.get_running_loop().create_task(self._ask(of, place))
                self._places[of] = place
            await asyncio.shield(place.asking)
        if place.facts is None:
            return None
        crl.check_fresh(place.facts, self._ca.clock.now())
        if place.kept is None:  # let go of at this very moment, in favour of others
            place.asked_at, place.mark = float("-inf"), None
            return await self.newest(of)
        self._held.move_to_end(place.kept)
        return place.kept

    def leave(self, read: Representation) -> None:
        """One reader of a list has ended. One that is replaced goes with its last reader."""
        read.readers -= 1
        place = self._held.get(read)
        if read.readers == 0 and place is not None and place.kept is not read:
            self._forget(read)

    async def _ask(self, of: ListId, place: _Place) -> None:
        asked_at, mark = self._monotonic(), self._changes.read()
        known = place.facts.number if place.facts is not None and place.kept is not None else None
        try:
            facts, found = await asyncio.get_running_loop().run_in_executor(self._pool, self._read, of, known)
        finally:
            # Before this ends: to await what has ended is to go on at once, and whoever came now would do so for ever.
            place.asking = None
            if place.facts is None:
                self._places.pop(of, None)  # a name that a stranger made up is not remembered
        if facts is not None:
            self._places[of] = place
        place.facts, place.asked_at, place.mark = facts, asked_at, mark
        if found is not None:
            self._keep(place, found)

    def _read(self, of: ListId, known: int | None) -> tuple[ListFacts | None, Representation | None]:
        """In a thread: what the newest list is, and a copy of it unless that is known or of no use."""
        with self._ca.database.read() as tx:
            facts = crl.newest(tx, of)
        if facts is None or facts.number == known or not facts.fresh_at(self._ca.clock.now()):
            return facts, None
        found = crl.published(self._ca, of)
        return found.facts, _representation(found)

    def _keep(self, place: _Place, found: Representation) -> None:
        before, place.kept = place.kept, found
        if before is not None and before.readers == 0:
            self._forget(before)
        self._held[found] = place
        self._octets += found.size
        while self._octets > self._most_octets and len(self._held) > 1:
            self._forget(next(iter(self._held)))

    def _forget(self, kept: Representation) -> None:
        place = self._held.pop(kept, None)
        if place is None:
            return
        self._octets -= kept.size
        kept.let_go()
        if place.kept is kept:
            place.kept = None


def _representation(found: Crl) -> Representation:
    facts = found.facts
    ends = int(facts.next_update.timestamp())
    held = Validators(
        etag=b'"%s"' % (facts.sha256 or sha256(found.der).hexdigest())[:32].encode(),
        modified=facts.this_update,
        # A list's number is never less than its thisUpdate in seconds. One that is just that is the first of its second.
        dated_alone=facts.number == int(facts.this_update.timestamp()),
    )
    return Representation(found.der, _TYPE, held, lambda moment: min(MOST_AGE, ends - moment), _POLICY)
