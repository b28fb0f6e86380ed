"""What clients sent and what they were answered, in an append-only file: the one side of each comparison.

Two lines for each request: before it is sent, and when it was answered or its connection broke. No secret is in it: of tokens and
certificates only digests.
"""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
NO_ANSWER = 0
"""The status of a request to which nothing came back: it may have been done or not."""


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; `status` is NO_ANSWER where none came."""

    sent: Entry
    answered: Entry

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.answered.get("status", NO_ANSWER))

    @property
    def done(self) -> bool:
        """Whether it was answered with success."""
        return self.status == 200


class Diary:
    """The file, for many threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()
        self._number = 0
        self.counted: Counter[tuple[str, str]] = Counter()

    def sent(self, what: str, **facts: Any) -> int:
        """Write down what is about to be sent; the number by which its answer is known."""
        with self._lock:
            self._number += 1
            number = self._number
            self._write({"n": number, "at": time.time(), "sent": what, **facts})
        return number

    def answered(self, number: int, what: str, status: int, **facts: Any) -> None:
        """Write down what came back."""
        with self._lock:
            self.counted[what, str(status) if status else "no answer"] += 1
            self._write({"n": number, "at": time.time(), "status": status, **facts})

    def close(self) -> None:
        """End it."""
        self._file.close()

    def _write(self, entry: Entry) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


def read(path: Path) -> tuple[Exchange, ...]:
    """Every request with its answer, in the order in which they were sent."""
    sent: dict[int, Entry] = {}
    answered: dict[int, Entry] = {}
    for line in path.read_text("utf-8").splitlines():
        entry = json.loads(line)
        (sent if "sent" in entry else answered)[entry["n"]] = entry
    return tuple(Exchange(one, answered.get(number, {})) for number, one in sorted(sent.items()))
