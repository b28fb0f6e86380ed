"""Has customers told of what happened, beside a server: the journal followed, ends told of in time, what is old forgotten, and
`directca notify` started while something is to be sent.

That is a process of its own, since those it sends to may hold it up for long. It is given what opens the secrets of webhooks and
nothing that opens a key of the authority.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from directca import rooms
from directca.api.notice_metrics import NoticeMetrics
from directca.cli.errors import NotifyEnded
from directca.notices import letters
from directca.notices.context import Notices
from directca.notices.deliver import is_due, standing
from directca.notices.errors import NoticesRunning
from directca.notices.expiry import forget, tell_ends
from directca.notices.follow import behind, follow, give_back
from directca.settings import PASSPHRASE_VARIABLE, Settings

_LOG = structlog.get_logger("directca.notices")
_ENDS_EVERY_SECONDS = 900.0
_AGAIN_SECONDS = 10.0
_LINGER_SECONDS = 60
_END_SECONDS = 8.0
_AT_ONCE = 40
"""So many batches of rows are followed before other periodic work has its turn."""


class NoticeSchedule:
    """Asked every few seconds by the process that does periodic work; it looks for ends four times an hour."""

    def __init__(
        self,
        settings: Settings,
        notices: Notices,
        metrics: NoticeMetrics,
        holder: str,
        *,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._notices = notices
        self._metrics = metrics
        self._holder = holder
        self._steady = steady
        self._ends_next = 0.0
        self._next = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Do what is due. Raises NotifyEnded when the process that sends came to nothing; it is started again."""
        try:
            self._tell_ends()
            if self._process is None:
                self._follow()  # else that process does it, and sends at once what it finds
        except NoticesRunning:
            pass  # another one does it
        finally:
            self._measure()
        if self._process is not None:
            self._collect(self._process)
        elif self._steady() >= self._next and self._is_due():
            self._process = self._begin()

    def stop(self) -> None:
        """End the process that sends: what it has on its way is finished first, if that does not take long."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _tell_ends(self) -> None:
        if self._steady() < self._ends_next:
            return
        self._ends_next = self._steady() + _ENDS_EVERY_SECONDS
        told = tell_ends(self._notices, self._holder)
        config = self._settings.notices
        forget(self._notices, timedelta(days=config.keep_days), timedelta(days=config.log_days))
        if told:
            _LOG.info("told of ends", notices=told)

    def _follow(self) -> None:
        if not behind(self._notices):
            return
        for _ in range(_AT_ONCE):
            if not follow(self._notices, self._holder):
                break
        give_back(self._notices, self._holder)  # for the process that sends, which follows while it runs

    def _measure(self) -> None:
        found = standing(self._notices)
        self._metrics.behind(behind(self._notices))
        self._metrics.waiting(found.waiting, found.oldest)
        self._metrics.tried(found.tries)

    def _is_due(self) -> bool:
        """Whether something is to be sent; without a mail server, letters wait until there is one, or are given up."""
        return is_due(self._notices) or (bool(self._settings.mail.host) and letters.is_due(self._notices))

    def _collect(self, process: "subprocess.Popen[bytes]") -> None:
        code = process.poll()
        if code is None:
            return
        self._process = None
        if code != 0:
            self._next = self._steady() + _AGAIN_SECONDS
            raise NotifyEnded(f"`directca notify` ended with {code}; its words are in the log. It is started again.")

    def _begin(self) -> "subprocess.Popen[bytes]":
        environment = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
        data, linger = str(self._settings.data), str(_LINGER_SECONDS)
        process = subprocess.Popen(  # noqa: S603  (this very program, on the folder that it works on)
            [sys.executable, "-m", "directca", "notify", "--linger", linger, "--passphrase-from-input", "--data", data],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the server, which ends this
        )
        assert process.stdin is not None  # asked for above
        with suppress(BrokenPipeError), process.stdin as given:  # one that has ended is collected at the next look
            given.write(rooms.webhook_passphrase(self._settings) + b"\n")
        return process
