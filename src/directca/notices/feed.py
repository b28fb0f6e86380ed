"""Events to be fetched: an application asks for what it has not seen, and says up to where it has everything."""

from directca.notices import event_store as store
from directca.notices.context import Notices
from directca.notices.errors import BadEventPosition
from directca.notices.model import Feed, Subscriber

LIMIT, MOST = 100, 500


def fetch(notices: Notices, who: Subscriber, after: int | None, limit: int = LIMIT) -> Feed:
    """The events behind a position, by default behind what the application has acknowledged; the oldest first.

    Positions of an account count from 1 without gaps, and an event has its position before anybody can see a later one.
    """
    with notices.database.read() as tx:
        acknowledged = store.acknowledged(tx, who.account_id, who.application)
        behind = acknowledged if after is None else after
        events = store.after(tx, who.account_id, behind, limit)
        return Feed(events, behind, acknowledged, store.first(tx, who.account_id), store.head(tx, who.account_id))


def acknowledge(notices: Notices, who: Subscriber, position: int) -> Feed:
    """Say that the application has everything up to a position. An earlier one than before changes nothing.

    Raises BadEventPosition for one that no event has yet.
    """
    with notices.database.write() as tx:
        last = store.head(tx, who.account_id)
        if position > last:
            raise BadEventPosition(
                f"The newest event has the position {last}. Acknowledge one that you were given.", field="position"
            )
        stands = store.acknowledge(tx, who.account_id, who.application, position, notices.clock.now())
        return Feed((), stands, stands, store.first(tx, who.account_id), last)
