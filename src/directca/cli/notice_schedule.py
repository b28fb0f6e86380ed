"""Has customers told of what happened, beside a server: the journal followed, ends told of in time, what is old forgotten."""

import time
from collections.abc import Callable
from datetime import timedelta

import structlog

from directca.api.notice_metrics import NoticeMetrics
from directca.notices.config import NoticeConfig
from directca.notices.context import Notices
from directca.notices.errors import NoticesRunning
from directca.notices.expiry import forget, tell_ends
from directca.notices.follow import behind, follow

_LOG = structlog.get_logger("directca.notices")
_ENDS_EVERY_SECONDS = 900.0
_AT_ONCE = 40
"""So many batches of rows are followed before other periodic work has its turn."""


class NoticeSchedule:
    """Asked every few seconds by the process that does periodic work; it looks for ends four times an hour."""

    def __init__(
        self,
        notices: Notices,
        config: NoticeConfig,
        metrics: NoticeMetrics,
        holder: str,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._notices = notices
        self._config = config
        self._metrics = metrics
        self._holder = holder
        self._steady = steady
        self._ends_next = 0.0

    def look(self) -> None:
        """Tell of ends if it is time to, and follow what was written. While another process does it, nothing is done."""
        try:
            if self._steady() >= self._ends_next:
                self._ends_next = self._steady() + _ENDS_EVERY_SECONDS
                told = tell_ends(self._notices, self._holder)
                forget(self._notices, timedelta(days=self._config.keep_days))
                if told:
                    _LOG.info("told of ends", notices=told)
            for _ in range(_AT_ONCE):
                if not follow(self._notices, self._holder):
                    break
        except NoticesRunning:
            return
        finally:
            self._metrics.behind(behind(self._notices))
