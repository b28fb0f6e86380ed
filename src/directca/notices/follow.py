"""Follow the journal: make events of the rows that say something to an account. `docs/flows/notify.md` tells the same steps.

Rows are written in the transaction of what they tell, and have their places in the order of commit. So whoever walks them by
their places misses none, however many are written meanwhile, and the accounts' own counts are made here, by one walker at a time.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from directca.db import leases
from directca.journal import read
from directca.journal.model import Row
from directca.notices import event_store as store
from directca.notices.context import Notices
from directca.notices.errors import NoticesRunning
from directca.notices.fan_out import fan_out
from directca.notices.model import Event, Told
from directca.notices.policy import event_id, told

LEASE = "notices"
_DURATION = timedelta(seconds=60)
_BATCH = 500


def follow(notices: Notices, holder: str, *, batch: int = _BATCH) -> int:
    """Make events of the next rows of the journal; how many rows these were, 0 when there was none.

    Raises NoticesRunning while another process does it, LeaseLost if one has begun meanwhile.
    """
    if not behind(notices):
        return 0

    # 1 take the lease
    take_lease(notices, holder)

    with notices.database.write() as tx:
        leases.require(tx, LEASE, holder)

        # 2 read
        before = store.mark(tx)
        rows = read.following(tx, before, limit=batch)

        # 3 make events
        telling = [(row, said) for row in rows if (said := told(row)) is not None]
        heads = store.heads(tx, tuple({said.account_id for _, said in telling}))
        if telling:
            made = _numbered(telling, heads)
            store.add(tx, made, heads)
            fan_out(tx, notices, made)

        # 4 move the mark
        if rows and not store.move_mark(tx, before, rows[-1].position):
            raise NoticesRunning("Another process follows the journal.")
        # A crash before this commit leaves rows that nobody has followed; after it, each is followed, once.
    return len(rows)


def behind(notices: Notices) -> int:
    """How many rows of the journal were not followed yet."""
    with notices.database.read() as tx:
        return read.length(tx) - store.mark(tx)


def take_lease(notices: Notices, holder: str) -> None:
    """Be the one who tells, for a while. Raises NoticesRunning."""
    now = notices.clock.now()
    with notices.database.write() as tx:
        if not leases.take(tx, LEASE, holder, now=now, duration=_DURATION):
            raise NoticesRunning("Another process follows the journal; it goes on by itself.")


def give_back(notices: Notices, holder: str) -> None:
    """Let another process tell at once."""
    with notices.database.write() as tx:
        leases.give_back(tx, LEASE, holder, now=notices.clock.now())


def _numbered(telling: Iterable[tuple[Row, Told]], heads: Mapping[str, int]) -> list[Event]:
    """The events of some rows, numbered behind the newest of each account."""
    positions = dict(heads)
    made = []
    for row, said in telling:
        account = said.account_id
        positions[account] = positions.get(account, 0) + 1
        made.append(Event(account, positions[account], event_id(row), said.kind, said.subject, said.data, row.at, row.position))
    return made
