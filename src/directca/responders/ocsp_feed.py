"""The thread of a process that hears of changes: what was kept of a certificate is forgotten within a second of its change.

Whoever cannot hear is silent: when no news came for twelve seconds, or the clock stands before the newest list, nothing that was
kept is said, and nothing is made (invariant 13).
"""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime

import structlog

from directca.errors import DirectCAError
from directca.responders.ocsp_kept import KeptAnswers
from directca.responders.rarely import Rarely
from directca.revocation.ocsp_model import OcspNews

EVERY_SECONDS = 0.5
LIVE_SECONDS = 12.0
"""With what others may repeat (45 s), an answer is at most 57 seconds behind the truth."""
_FORGETS_SECONDS = 3600.0
"""The feed itself remembers a day. A process that slept for long begins anew."""

_LOG = structlog.get_logger("directca.ocsp")

Ask = Callable[[Mapping[str, int]], OcspNews]
"""What changed after these versions. May raise anything: then nothing is known."""


class Feed:
    """Asks twice a second, from `start` to `stop`; `after_each` is called in the same thread, also when there was no answer."""

    def __init__(
        self, ask: Ask, kept: KeptAnswers, after_each: Callable[[], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._kept = kept
        self._after_each = after_each
        self._monotonic = monotonic
        self._rarely = Rarely(monotonic)
        self._versions: dict[str, int] = {}
        self._revoked: frozenset[str] = frozenset()
        self._heard_at = float("-inf")
        self._live_until = float("-inf")
        self._not_before: datetime | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Ask once, and go on in a thread. To be called in the process that answers, after it was forked."""
        self.poll()
        self._thread = threading.Thread(target=self._run, name="ocsp-feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def live(self, now: datetime) -> bool:
        """Whether what is known is of the last seconds, and the clock tells a time at which it can be said."""
        return self._monotonic() < self._live_until and self._not_before is not None and now >= self._not_before

    def age(self) -> float:
        """Seconds since the last news; infinite before the first."""
        return self._monotonic() - self._heard_at

    def poll(self) -> None:
        """Ask once."""
        self._rarely.guard(self._ask_once, _LOG.error, "asking for changed certificates broke")
        self._after_each()

    def _ask_once(self) -> None:
        # The moment before the question counts: a change that is committed after it is in no answer to it.
        asked_at = self._monotonic()
        try:
            self._take(self._ask(dict(self._versions)), asked_at)
        except DirectCAError as error:
            self._rarely.say(_LOG.error, "no news of changed certificates", error=error.slug, detail=error.detail)

    def _take(self, news: OcspNews, asked_at: float) -> None:
        slept = asked_at - self._heard_at > _FORGETS_SECONDS
        unknown = any(serials is None for _, serials in news.changes.values())
        # First of all: what is kept from now on is held against these versions.
        for name, (version, serials) in news.changes.items():
            self._kept.changed(name, version, serials or ())
            self._versions[name] = version
        if slept or unknown or not news.revoked <= self._revoked:
            self._kept.clear()
        self._revoked = news.revoked
        self._not_before = news.not_before
        self._heard_at = asked_at
        self._live_until = asked_at + LIVE_SECONDS
        if not news.usable:
            self._rarely.say(_LOG.error, "no OCSP responder can be used, so nothing new is answered")

    def _run(self) -> None:
        while not self._ending.wait(EVERY_SECONDS):
            self.poll()
