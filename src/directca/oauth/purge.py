"""Purge: codes and tokens that ended long ago, of which nothing is asked any more."""

from datetime import timedelta

from directca.oauth import store
from directca.oauth.context import OAuth

_KEPT = timedelta(days=1)
"""For so long after its end a code or token is still known, so that its replay is seen for what it is."""

_BATCH = 1000


def purge(oauth: OAuth) -> int:
    """Delete what expired more than a day ago, in short transactions; answers how many rows went.

    The journal keeps the history.
    """
    before = oauth.clock.now() - _KEPT
    gone = 0
    while True:
        with oauth.database.write() as tx:
            deleted = store.delete_expired(tx, before, most=_BATCH)
        gone += deleted
        if deleted < _BATCH:
            return gone
