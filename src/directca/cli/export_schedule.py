"""Runs `directca journal export --follow` beside a server whose settings name a target, and starts it again when it ends.

It is a process of its own, since a receiver that does not answer may hold it up for long, and since it needs no key.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

from directca.api.journal_metrics import JournalMetrics
from directca.cli.errors import ExportEnded
from directca.clock import Clock
from directca.db.engine import Database
from directca.journal.export import standing
from directca.journal.read import length
from directca.settings import PASSPHRASE_VARIABLE, Settings

_AGAIN_SECONDS = 10.0
_END_SECONDS = 5.0


class ExportSchedule:
    """Asked every few seconds by the process that does periodic work; without `journal.export_to` it starts nothing."""

    def __init__(
        self, settings: Settings, clock: Clock, metrics: JournalMetrics, *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._steady = steady
        self._next = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Start it unless it runs. Raises ExportEnded when it ended by itself; the next look but some starts it again."""
        if not self._settings.journal.export_to:
            return
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self.stop()
            self._next = self._steady() + _AGAIN_SECONDS
            raise ExportEnded(
                f"`directca journal export --follow` ended with {code}; its words are in the log. It is started again."
            )
        if self._steady() >= self._next:
            self._process = self._begin()

    def measure(self, database: Database) -> None:
        """Tell the metrics how far each target has come."""
        with database.read() as tx:
            self._metrics.rows(length(tx))
            standings = {target: standing(tx, target) for target in self._settings.journal.export_to}
        now = self._clock.now()
        for target, one in standings.items():
            waiting = 0.0 if one.waiting_since is None else max(0.0, (now - one.waiting_since).total_seconds())
            self._metrics.exported(target, one.position, waiting)

    def stop(self) -> None:
        """End it. Whatever it was doing, the mark is where it was or behind what was acknowledged."""
        process, self._process = self._process, None
        if process is None:
            return
        with process:  # which closes the pipe too
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _begin(self) -> "subprocess.Popen[bytes]":
        # It needs no key of the authority, so it is told nothing that opens one. The pipe ends with this process.
        environment = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
        data = str(self._settings.data)
        return subprocess.Popen(  # noqa: S603  (this very program, on the folder that it works on)
            [sys.executable, "-m", "directca", "journal", "export", "--follow", "--until-input-ends", "--data", data],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the server, which ends this
        )
