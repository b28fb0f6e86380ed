"""News of changed certificates, asked of the database only when something was committed there since the last question.

A process asks twice a second, and for most of the day nothing has happened: then the answer is the last one, without changes.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from directca.db.engine import ChangeMark
from directca.revocation.ocsp_model import OcspNews

_ASK_ANYWAY_SECONDS = 5.0
"""What follows from the clock alone, such as a responder that has run out, is noticed so soon."""

Ask = Callable[[Mapping[str, int]], OcspNews]


class ThriftyNews:
    """Asks for news; for one thread at a time. What cannot be told to be unchanged is asked for."""

    def __init__(self, ask: Ask, changes: ChangeMark, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._changes = changes
        self._monotonic = monotonic
        self._mark: int | None = None
        self._last: OcspNews | None = None
        self._asked_at = float("-inf")

    def __call__(self, since: Mapping[str, int]) -> OcspNews:
        """What changed after these versions. Raises what asking raises."""
        mark, now = self._changes.read(), self._monotonic()  # before the question: what is committed during it is asked for next
        last = self._last
        same = mark is not None and mark == self._mark and now < self._asked_at + _ASK_ANYWAY_SECONDS
        if same and last is not None and all(since.get(name) == version for name, (version, _) in last.changes.items()):
            return replace(last, changes={name: (version, ()) for name, (version, _) in last.changes.items()})
        self._last = None
        found = self._ask(since)
        self._mark, self._last, self._asked_at = mark, found, now
        return found
