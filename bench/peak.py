"""How long some work takes and how much memory it needs at most beyond what its process has when it is idle.

The work runs in a process of its own. The kernel keeps its highest amount of memory (VmHWM of proc(5)), which is reset before
the work begins; how much of that is its own, without files that it has mapped, is looked at every few milliseconds from outside.
"""

import multiprocessing
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.server import Failed

_LOOK_SECONDS = 0.005
_PATIENCE = 600.0
_RESET_HIGHEST = "5"

Work = Callable[[], object]


@dataclass(frozen=True)
class Peak:
    """Seconds by the clock and of a core; megabytes above idle, in all and of its own alone."""

    seconds: float
    cpu: float
    megabytes: float
    own_megabytes: float


def of(prepare: Callable[..., Work], *arguments: Any) -> Peak:
    """Let a new process prepare the work, and measure what it does then. `prepare` is found by its name in its module."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, prepare, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        if not mine.poll(_PATIENCE):
            raise Failed("The work could not be prepared.")
        assert process.pid is not None
        idle, own_idle = mine.recv()
        highest_own = own_idle
        mine.send("go")
        deadline = time.monotonic() + _PATIENCE
        while not mine.poll(_LOOK_SECONDS):
            highest_own = max(highest_own, memory(process.pid)["RssAnon"])
            if time.monotonic() > deadline:
                raise Failed("The work did not end.")
        seconds, cpu, highest = mine.recv()
    except EOFError as error:
        raise Failed("The process that was measured ended by itself.") from error
    finally:
        process.terminate()
        process.join()
    return Peak(seconds, cpu, highest - idle, highest_own - own_idle)


def of_program(command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> Peak:
    """Run another program to its end. Its idle is nothing."""
    cpu, began = _of_children(), time.perf_counter()
    highest = highest_own = 0.0
    with log.open("wb") as said:
        program = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        while program.poll() is None:
            found = memory(program.pid)
            highest, highest_own = max(highest, found.get("VmHWM", 0.0)), max(highest_own, found.get("RssAnon", 0.0))
            time.sleep(_LOOK_SECONDS)
    seconds = time.perf_counter() - began
    if program.returncode != 0:
        raise Failed(f"{command[0]} ended with {program.returncode}: {log.read_text(errors='replace')[-400:]}")
    return Peak(seconds, _of_children() - cpu, highest, highest_own)


def memory(process: int | str = "self") -> dict[str, float]:
    """What a process has at this moment and had at most, in megabytes (2**20)."""
    lines = (line.partition(":") for line in Path(f"/proc/{process}/status").read_text().splitlines())
    return {name: int(value.split()[0]) / 1024 for name, _, value in lines if name.startswith(("VmHWM", "VmRSS", "Rss"))}


def _of_children() -> float:
    """The time of a core that processes took which were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _work(pipe: Connection, prepare: Callable[..., Work], arguments: Sequence[Any]) -> None:
    work = prepare(*arguments)
    Path("/proc/self/clear_refs").write_text(_RESET_HIGHEST)
    found = memory()
    pipe.send((found["VmRSS"], found["RssAnon"]))
    pipe.recv()
    cpu, began = time.process_time(), time.perf_counter()
    work()
    seconds, taken = time.perf_counter() - began, time.process_time() - cpu
    pipe.send((seconds, taken, memory()["VmHWM"]))
