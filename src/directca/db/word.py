"""Word from a PostgreSQL server that something was changed of which every process must hear: LISTEN, and triggers that NOTIFY.

One connection of a process listens. It also asks the server once a second whether it is still there, so that a connection which
broke without a sign is not taken for silence: whoever cannot hear says so, and is asked no more until it can again.
"""

import os
import select
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg

_CHANNEL = "directca"
_ASK_SECONDS = 1.0
_BELIEVED_SECONDS = 2.0
"""How long after the server's last answer its silence is believed."""

_AGAIN_SECONDS = 1.0


class Word:
    """The mark of a process, for all its threads. Nothing is opened before it is read; a fork begins anew."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = dict(parameters)
        self._changing = threading.Lock()
        self._mark = 0
        self._forget()

    def read(self) -> int | None:
        """The mark of this moment; None when nothing can be heard. Never waits."""
        if self._listening is None or self._process != os.getpid():
            self._begin()
        return self._mark if time.monotonic() < self._believed_until else None

    def close(self) -> None:
        """Listen no more, until it is read again."""
        with self._changing:
            listening, ending = self._listening, self._ending
            if listening is not None and self._process == os.getpid():
                os.eventfd_write(ending, 1)
                listening.join()
                os.close(ending)
            self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._listening: threading.Thread | None = None
        self._ending = -1
        self._believed_until = float("-inf")
        self._mark += 1  # never one that somebody may remember

    def _begin(self) -> None:
        with self._changing:
            if self._process != os.getpid():
                self._forget()  # the thread stayed with the parent
            if self._listening is None:
                self._ending = os.eventfd(0, os.EFD_CLOEXEC)
                self._listening = threading.Thread(target=self._run, args=(self._ending,), name="word", daemon=True)
                self._listening.start()

    def _run(self, ending: int) -> None:
        while True:
            with suppress(psycopg.Error, OSError):
                self._listen(ending)
                return
            self._believed_until = float("-inf")
            if _readable((ending,), _AGAIN_SECONDS):
                return

    def _listen(self, ending: int) -> None:
        """Until it is to end. Raises psycopg's errors when the connection breaks."""
        options: Mapping[str, Any] = self._parameters
        with psycopg.connect(autocommit=True, **options) as connection:
            connection.add_notify_handler(lambda _: self._count())
            connection.execute(f"LISTEN {_CHANNEL}")
            self._count()  # what was said before nobody heard
            while True:
                asked_at = time.monotonic()
                connection.execute("SELECT 1")  # whatever was said until now comes before the answer
                self._believed_until = asked_at + _BELIEVED_SECONDS
                if ending in _readable((connection.fileno(), ending), _ASK_SECONDS):
                    return

    def _count(self) -> None:
        self._mark += 1


def _readable(descriptors: Sequence[int], seconds: float) -> set[int]:
    """Which of them can be read, once one can or the time is over. `select` knows none above 1023, and a worker may have them."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return {descriptor for descriptor, _ in poll.poll(seconds * 1000)}


class NoMark:
    """The mark of who must know at once, which word never does."""

    def read(self) -> int | None:
        """That anything may have changed."""
        return None

    def close(self) -> None:
        """Nothing is held."""


class Heard:
    """The word of a process, of which everybody there reads the same."""

    def __init__(self, word: Word) -> None:
        self._word = word

    def read(self) -> int | None:
        """The number of the last word; None while none can be heard."""
        return self._word.read()

    def close(self) -> None:
        """Others listen too; the database's end is its end."""
