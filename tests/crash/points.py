"""The moments of a verb at which a crash is tried: before each numbered step, around each commit, after each signature.

The steps are not listed anywhere: they are the numbered steps of the code that a flow's page names, so a new step is a new
moment. A process that watches writes each moment that it passes into a file, and kills itself at one of them if it is told to.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

from directca.db.engine import Database, Tx
from directca.pki.algorithms import SignatureAlgorithm
from directca.signing.file_keys import FileKey
from tests.house.test_flows import CODE_STEP, code_of_page, pages

ROOT = Path(__file__).resolve().parent.parent.parent
PASSED, SIGNATURES = "passed.jsonl", "signatures.jsonl"


@cache
def steps(file: str) -> tuple[tuple[int, str], ...]:
    """Line and name of each numbered step of a file that some flow's page describes; nothing for other files."""
    for page in pages():
        for code in code_of_page(page.read_text(encoding="utf-8")):
            if str(ROOT / code) == file:
                lines = (line.strip() for line in Path(file).read_text(encoding="utf-8").splitlines())
                found = ((number, CODE_STEP.match(line)) for number, line in enumerate(lines, start=1))
                return tuple(
                    (number, f"before {page.stem} {step[1]} {(step[2] or step[3]).strip()}") for number, step in found if step
                )
    return ()


def moments(page: str) -> tuple[str, ...]:
    """The moments before each step of a flow."""
    text = (ROOT / "docs" / "flows" / f"{page}.md").read_text(encoding="utf-8")
    return tuple(name for code in code_of_page(text) for _, name in steps(str(ROOT / code)))


def is_step(moment: str | None) -> bool:
    """Whether a moment is one before a numbered step."""
    return moment is not None and moment.startswith("before ") and not moment.startswith("before commit ")


class Watch:
    """Sees this process pass its moments. Made once in a process that does one thing and ends."""

    def __init__(self, folder: Path, job: str, die_at: str | None) -> None:
        self._folder = folder
        self._job = job
        self._die_at = die_at
        self._counted: dict[str, int] = {}

    def begin(self, *, steps: bool = True) -> None:
        """From now on moments are passed; watching for steps makes everything slower."""
        self._watch_commits()
        self._watch_signatures()
        if steps:
            sys.settrace(self._called)

    def _pass(self, moment: str) -> None:
        append_line(self._folder / PASSED, {"job": self._job, "moment": moment})
        if moment == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def _next(self, what: str) -> int:
        self._counted[what] = self._counted.get(what, 0) + 1
        return self._counted[what]

    def _watch_commits(self) -> None:
        write = Database.write

        @contextmanager
        def watched(database: Database) -> Iterator[Tx]:
            with write(database) as tx:
                yield tx
                number = self._next("commit")
                self._pass(f"before commit {number}")
            self._pass(f"after commit {number}")

        setattr(Database, "write", watched)  # noqa: B010  (mypy will not have a method assigned; the process ends with its job)

    def _watch_signatures(self) -> None:
        sign = FileKey.sign

        def watched(key: FileKey, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
            signature = sign(key, message, algorithm)
            # What the key has signed exists, whatever becomes of this process.
            append_line(self._folder / SIGNATURES, {"signed": message.hex(), "signature": signature.hex()})
            self._pass(f"after signature {self._next('signature')}")
            return signature

        setattr(FileKey, "sign", watched)  # noqa: B010  (as above)

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        """The tracer of a call: of functions with numbered steps, each step's first line is watched."""
        code = frame.f_code
        if not steps(code.co_filename):
            return None
        lines = sorted({line for _, _, line in code.co_lines() if line is not None})
        first, last = lines[0], lines[-1]
        beginnings = {
            next(line for line in lines if line > comment): name
            for comment, name in steps(code.co_filename)
            if first <= comment < last
        }
        if not beginnings:
            return None

        def executed(_frame: FrameType, event: str, _argument: Any) -> Any:
            # A line is met again when its block ends; the step began the first time.
            if event == "line" and _frame.f_lineno in beginnings:
                self._pass(beginnings.pop(_frame.f_lineno))
            return executed

        return executed


def append_line(file: Path, line: dict[str, str]) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)
