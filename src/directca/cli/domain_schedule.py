"""Runs `directca domain renew` beside a server when the control of a domain must be looked at again.

It is a process of its own, since name servers that do not answer may hold it up for long, and since it needs no key.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable

from directca.cli.errors import RenewalFailed
from directca.settings import PASSPHRASE_VARIABLE, Settings
from directca.vetting.domain_check import is_due
from directca.vetting.domain_context import Domains

_EVERY_SECONDS = 60.0
_LONGEST_SECONDS = 1800.0


class DomainSchedule:
    """Asked every few seconds by the process that does periodic work; it looks whether anything is due once a minute."""

    def __init__(self, settings: Settings, domains: Domains, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._domains = domains
        self._steady = steady
        self._next = 0.0
        self._begun = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Take note of a run that ended, begin one that is due. Raises RenewalFailed when a run came to nothing."""
        if self._process is not None:
            self._collect(self._process)
        elif self._steady() >= self._next:
            self._next = self._steady() + _EVERY_SECONDS
            if is_due(self._domains):
                self._begun = self._steady()
                self._process = self._begin()

    def stop(self) -> None:
        """End a run that goes on: what it was looking at is looked at again by the next."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.wait()

    def _collect(self, process: "subprocess.Popen[bytes]") -> None:
        code = process.poll()
        if code is None:
            if self._steady() - self._begun < _LONGEST_SECONDS:
                return
            process.kill()
            process.wait()
        self._process = None
        if code != 0:
            raise RenewalFailed(f"`directca domain renew` ended with {code}; its words are in the log. It is started again.")

    def _begin(self) -> "subprocess.Popen[bytes]":
        # It needs no key of the authority, so it is told nothing that opens one.
        environment = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
        return subprocess.Popen(  # noqa: S603  (this very program, on the folder that it works on)
            [sys.executable, "-m", "directca", "domain", "renew", "--data", str(self._settings.data)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment,
        )
