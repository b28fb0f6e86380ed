"""What is on file about domains, as this process has read it: looked up again as soon as anything changed.

Most names of an authority are of few domains, and what is on file about these seldom changes. The number of changes
(`change_store.py`), read in the transaction that asks, says whether what was read before is what would be read now. What was
found is kept for five seconds at most: a server that took over from another may count again what it has lost.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from directca.vetting.question_store import Facts

_HOLDS_FOR: Final = timedelta(seconds=5)
_MOST: Final = 4096

Key = tuple[str, str, str]
"""The account, the domain, the version of the agreement."""


@dataclass(frozen=True)
class _Kept:
    change: int
    asked_at: datetime
    facts: Facts


class KnownFacts:
    """Facts by key. One for the process and its database; safe for threads."""

    def __init__(self) -> None:
        self._kept: dict[Key, _Kept] = {}

    def at(self, change: int) -> "FactsAt":
        """Those that were read when there had been so many changes. For a transaction that reads: what one that writes sees may
        yet be undone, and the number of changes with it."""
        return FactsAt(self._kept, change)


class FactsAt:
    """The facts that hold after so many changes, for an active account."""

    def __init__(self, kept: dict[Key, _Kept], change: int) -> None:
        self._kept = kept
        self._change = change

    def find(self, key: Key, now: datetime) -> Facts | None:
        """What was found; None when it was not asked, or when something has changed, or a while has passed."""
        found = self._kept.get(key)
        if found is None or found.change != self._change or not found.asked_at <= now < found.asked_at + _HOLDS_FOR:
            return None
        return found.facts

    def keep(self, key: Key, facts: Facts, now: datetime) -> None:
        """Remember what was found for an account that is active."""
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = _Kept(self._change, now, facts)
