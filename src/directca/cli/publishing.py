"""Keeps the folder of `revocation.publish_to` up to date, in a child process for each time that something is to be written.

A folder may be on another machine's disk and answer after minutes, or never. Whoever waits for it is the child; revocation goes
on, and all other periodic work.
"""

import json
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from directca.errors import DirectCAError
from directca.responders import status_folder
from directca.responders.errors import StatusFolderUnusable
from directca.responders.rarely import Rarely
from directca.responders.status_files import StatusFiles
from directca.responders.status_metrics import FolderMetrics
from directca.revocation.model import ListId
from directca.rooms import Authority

LONGEST_SECONDS = 120.0
"""A run that takes longer is ended and begun again."""

_MOST_NAMED, _MOST_TOLD = 50, 65_536
"""What a child says fits into the pipe, so that it ends though nobody reads yet."""

_LATE_SECONDS = 20.0
_AGAIN_SECONDS = 60.0
"""How often the folder is looked at though nothing changed: somebody may have taken files away."""

_LOG = structlog.get_logger("directca.publish")


@dataclass(frozen=True)
class _Child:
    """A run that goes on: its process, where it will say what it did, and since when, on the monotonic clock."""

    pid: int
    told: int
    since: float


class FolderPublisher:
    """Asked every few seconds by the process that does periodic work. Without a folder in the settings it does nothing."""

    def __init__(self, authority: Authority, registry: CollectorRegistry) -> None:
        self._folder = authority.settings.publish_to
        self._authority = authority
        self._files = StatusFiles.of(authority.revocation, authority.entries.values())
        self._metrics = FolderMetrics(registry) if self._folder is not None else None
        self._child: _Child | None = None
        self._done: Mapping[ListId, tuple[int, bool]] | None = None
        self._again_at = 0.0
        self._alarms: dict[str, Rarely] = {}

    def work_if_due(self) -> None:
        """Take note of the last run, begin the next. Raises StatusFolderUnusable, also while a run takes too long."""
        if self._folder is None:
            return
        failure = self._collect()
        if self._child is None:
            wanted = status_folder.wanted(self._files)
            if failure is not None or wanted != self._done or time.monotonic() >= self._again_at:
                self._done, self._again_at = wanted, time.monotonic() + _AGAIN_SECONDS
                self._begin(self._folder)
        if failure is not None:
            raise StatusFolderUnusable(failure)

    def stop(self) -> None:
        """End a run that goes on. What it was writing is not in its place yet, so nothing is left half."""
        if self._child is not None:
            self._end(self._child, killed=True)

    def _begin(self, folder: Path) -> None:
        # As for workers: an open database does not survive a fork.
        self._authority.database.close()
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                _work(self._files, folder, writing)
            finally:
                os._exit(0)  # the parent's frames below must not run in the child
        os.close(writing)
        self._child = _Child(pid, reading, time.monotonic())

    def _collect(self) -> str | None:
        """What went wrong with the run that was begun last, if it did."""
        child = self._child
        if child is None:
            return None
        seconds = time.monotonic() - child.since
        if os.waitpid(child.pid, os.WNOHANG)[0] == 0:
            if seconds < _LATE_SECONDS:
                return None
            if seconds > LONGEST_SECONDS:
                os.kill(child.pid, signal.SIGKILL)
            return f"The folder {self._folder} has not answered for {seconds:.0f} seconds. Look at the disk that it is on."
        told = _read(child.told)
        self._end(child, killed=False)
        if told is None or "failure" in told:
            return told["failure"] if told else f"Publishing to {self._folder} ended before it was done."
        self._note(told["count"], told["withheld"])
        return None

    def _end(self, child: _Child, *, killed: bool) -> None:
        if killed:
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, os.WNOHANG)  # without waiting: one that hangs in the system cannot end
        os.close(child.told)
        self._child = None

    def _note(self, count: int, withheld: list[list[str]]) -> None:
        if self._metrics is not None:
            self._metrics.seen(count, self._authority.clock.now().timestamp())
        for name, why in withheld:
            alarm = self._alarms.setdefault(name, Rarely())
            alarm.say(_LOG.error, "a revocation list is not in the folder", list=name, why=why)


def _work(files: StatusFiles, folder: Path, telling: int) -> None:
    """In the child: publish, and say what came of it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    # A child that hangs must hold nothing of its parent's: neither the port nor the sign that the parent lives.
    os.closerange(3, telling)
    os.closerange(telling + 1, os.sysconf("SC_OPEN_MAX"))
    with os.fdopen(telling, "w") as pipe:
        # Of what nobody foresaw the parent hears that nothing was said, which is an alarm too.
        Rarely().guard(lambda: json.dump(_published(files, folder), pipe), _LOG.error, "publishing broke")


def _published(files: StatusFiles, folder: Path) -> dict[str, Any]:
    try:
        done = status_folder.publish(files, folder)
    except DirectCAError as error:
        return {"failure": error.detail}
    return {"count": len(done.withheld), "withheld": done.withheld[:_MOST_NAMED]}


def _read(told: int) -> dict[str, Any] | None:
    """What a child that has ended said; None if it ended before."""
    content = os.read(told, _MOST_TOLD)
    found: dict[str, Any] = json.loads(content) if content else {}
    return found or None
