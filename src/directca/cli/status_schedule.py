"""Runs `directca status verify` every so many minutes, in a process of its own: it may take minutes, and memory for that long.

What a run found is read from its report, so what an operator runs by hand counts too. A run that fails, or does not end, is an
alarm as much as one that finds something.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from directca.cli import status_looks
from directca.cli.commands import REFUSED
from directca.cli.errors import VerificationFailed, VerificationRunning
from directca.clock import Clock
from directca.pki.lints.findings import Severity
from directca.responders.verification_metrics import VerificationMetrics
from directca.settings import PASSPHRASE_VARIABLE, Settings

_LOG = structlog.get_logger("directca.status")
_FIRST_AFTER_SECONDS = 30.0
"""After a start: who has just begun has other things to do."""

_LONGEST_SECONDS = 3 * 3600.0
_AGAIN = timedelta(minutes=5)
"""A run that failed is tried again sooner than the next is due."""

_NICE = 10
_MOST_LOGGED, _MOST_SAID = 20, 2000


@dataclass(frozen=True)
class _Run:
    process: "subprocess.Popen[bytes]"
    begun: float
    before: dict[str, Any] | None
    """The report that was there: it is told from the run's own by what it says, since the clock may be set back meanwhile."""


class StatusSchedule:
    """Asked every few seconds by the process that does periodic work; with `revocation.verify_minutes = 0` it does nothing."""

    def __init__(
        self, settings: Settings, clock: Clock, metrics: VerificationMetrics, *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings, self._clock, self._metrics, self._steady = settings, clock, metrics, steady
        self._every = timedelta(minutes=settings.revocation.verify_minutes)
        self._said = settings.data / status_looks.FOLDER / "verify.log"
        self._first = steady() + _FIRST_AFTER_SECONDS
        self._run: _Run | None = None
        self._told: str | None = None
        self._failed_at: datetime | None = None

    def look(self) -> None:
        """Take note of what ended, begin what is due. Raises VerificationFailed when a run came to nothing."""
        ended = self._collect()
        self._note(status_looks.read_report(self._settings.data))
        if ended is not None:
            self._failed_at = self._clock.now()
            self._metrics.failed()
            raise VerificationFailed(ended)
        if self._run is None and self._every and self._steady() >= self._first and self._due():
            self._begin()

    def stop(self) -> None:
        """End a run that goes on. What it remembers is whole, whenever it ends."""
        run = self._run
        if run is not None:
            run.process.terminate()
            run.process.wait()
            self._run = None

    def _due(self) -> bool:
        now = self._clock.now()
        if self._failed_at is not None and self._failed_at <= now < self._failed_at + min(_AGAIN, self._every):
            return False
        report = status_looks.read_report(self._settings.data)
        finished = None if report is None else _moment(report.get("finished_at"))
        # A report of the future was written before the clock was set back.
        return finished is None or not finished <= now < finished + self._every

    def _begin(self) -> None:
        # It needs no key of the authority, so it is told nothing that opens one.
        environment = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
        before = status_looks.read_report(self._settings.data)
        self._said.parent.mkdir(mode=0o700, exist_ok=True)
        with self._said.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603  (this very program, on the folder that it works on)
                [sys.executable, "-m", "directca", "status", "verify", "--data", str(self._settings.data), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                env=environment,
            )
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)  # whoever waits for an answer goes first
        self._run = _Run(process, self._steady(), before)

    def _collect(self) -> str | None:
        """Why the run that was begun last came to nothing, if it did."""
        run = self._run
        if run is None:
            return None
        code = run.process.poll()
        if code is None:
            if self._steady() - run.begun < _LONGEST_SECONDS:
                return None
            run.process.kill()
            run.process.wait()
        self._run = None
        if code is None:
            return f"`directca status verify` did not end within {_LONGEST_SECONDS / 3600:.0f} hours."
        report = status_looks.read_report(self._settings.data)
        if code in (0, 1) and report is not None and report != run.before and _moment(report.get("finished_at")) is not None:
            self._failed_at = None
            return None
        if code == REFUSED and f'"{VerificationRunning.slug}"' in self._last_words():
            self._failed_at = self._clock.now()  # an operator's own; when it has ended, its report counts
            return None
        return f"`directca status verify` ended with {code} and without a report: {self._last_words()}"

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            return self._said.read_bytes()[-_MOST_SAID:].decode(errors="replace").strip() or "it said nothing."
        return "what it said cannot be read."

    def _note(self, report: dict[str, Any] | None) -> None:
        """Tell the metrics and the log of a report that was not told of before."""
        if report is None or report.get("finished_at") == self._told:
            return
        finished, findings = _moment(report.get("finished_at")), report.get("findings")
        if finished is None or not isinstance(findings, list):
            return
        counts = Counter(str(one.get("severity")) for one in findings)
        by_severity = {severity.name.lower(): counts[severity.name.lower()] for severity in Severity}
        self._metrics.ended(by_severity, at=finished.timestamp(), seconds=float(report.get("seconds", 0)))
        if self._told is not None or findings:
            for one in findings[:_MOST_LOGGED]:
                facts = {name: one.get(name) for name in ("severity", "check", "address", "message")}
                _LOG.error("what certificates name is not as it must be", **facts)
            _LOG.info("looked at all that certificates name", findings=len(findings), seconds=report.get("seconds"))
        self._told = report["finished_at"]


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except ValueError:
        return None
