"""Processes by the dozen: a parent that has loaded everything, holds nothing open, and forks a child for each job.

    with Nursery() as nursery:
        house = nursery.house(tmp_path, engine)                          # an authority of its own, on a database of the engine
        house.run(Job("issue", die_at="before issue 6 sign"))    # a process that is killed there
        house.run(*[Job("issue", {"key": 2 * n}) for n in range(8)])   # eight processes that start at one moment

A child is a process of its own with connections of its own, as a worker is; only the keys are made once.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from directca.db.address import read_address
from directca.db.engine import Database
from directca.db.opening import open_database
from tests.crash.points import PASSED, ROOT
from tests.engines import Engine


@dataclass(frozen=True)
class Job:
    """One verb of `verbs.py`; `after` is how many seconds after the start of everything its clock stands.

    Its steps are watched when it is to die before one of them, or when `steps` says so; its commits and signatures always.
    """

    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    after: float = 0
    die_at: str | None = None
    steps: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a job's process ended: killed, or with the verb's answer, or with the slug of its refusal."""

    killed: bool
    answer: Any = None
    refused: str | None = None
    passed: tuple[str, ...] = ()


@dataclass(frozen=True)
class House:
    """One authority in a folder."""

    nursery: "Nursery"
    folder: Path
    engine: Engine
    where: str
    """The address of its database."""

    def open(self) -> Database:
        """Its database, for whoever looks at it."""
        return open_database(read_address(self.where, self.folder))

    def keep(self) -> None:
        """Remember it as it is now, to be copied; it is not to be used any more."""
        with closing(self.open()) as database:
            self.engine.keep(database, str(self.folder))

    def copy(self, folder: Path) -> "House":
        """The authority that was kept, in another folder."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("directca.sqlite*"))
        where = self.engine.place(folder, like=str(self.folder))
        self.nursery.ask({"folder": str(folder), "where": where, "like": str(self.folder), "jobs": []})
        return House(self.nursery, folder, self.engine, where)

    def run(self, *jobs: Job) -> list[Outcome]:
        """Do the jobs at the same moment, each in a process of its own, and wait for all."""
        passed = self.folder / PASSED
        passed.unlink(missing_ok=True)
        asked = {"folder": str(self.folder), "where": self.where, "jobs": [asdict(job) for job in jobs]}
        ended = self.nursery.ask(asked)
        lines = [json.loads(line) for line in passed.read_text().splitlines()] if passed.exists() else []
        return [
            Outcome(**one, passed=tuple(line["moment"] for line in lines if line["job"] == str(number)))
            for number, one in enumerate(ended)
        ]

    def do(self, verb: str, after: float = 0, **arguments: Any) -> Any:
        """One verb that must succeed; its answer."""
        (ended,) = self.run(Job(verb, arguments, after))
        assert ended.refused is None, ended
        assert not ended.killed, ended
        return ended.answer


class Nursery:
    """The parent process, as seen from a test."""

    def __enter__(self) -> Self:
        # -P: the current folder is on the path by PYTHONPATH alone.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tests.crash.forking"],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "PYTHONWARNINGS": "error"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait(30) == 0

    def house(self, folder: Path, engine: Engine) -> House:
        """A new authority with a clinic that may have everything, and a published CRL."""
        folder.mkdir(parents=True, exist_ok=True)
        made = House(self, folder, engine, engine.place(folder))
        made.do("produce", authority="root")
        made.do("produce")
        return made

    def ask(self, question: dict[str, Any]) -> Any:
        """Send one line and wait for the answer's."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the parent of all processes ended"
        return json.loads(line)
