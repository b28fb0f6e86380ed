"""From the start of the process to the first answer that says ready, with a data folder that an earlier start made."""

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import machine
from bench.results import Result, Table, milliseconds, verdict
from bench.server import Server

TARGET_SECONDS = 3.0


@dataclass(frozen=True)
class Start:
    """How long one took by the clock, and how much of a core it used until then."""

    seconds: float
    cpu: float


def measure(folder: Path, *, quick: bool) -> Result:
    """Start once to make the authority, then some times more."""
    data = folder / "start"
    first = _once(data)
    again = [_once(data) for _ in range(3 if quick else 5)]
    middle, cpu = median(one.seconds for one in again), median(one.cpu for one in again)
    target = f"≤ {TARGET_SECONDS:.0f} s: {verdict(middle, TARGET_SECONDS, at_least=False)}"
    table = Table(
        "Start to ready",
        ("", "ms", "of a core", "target"),
        (
            ("first start: two CA keys, sandbox", milliseconds(first.seconds), milliseconds(first.cpu), ""),
            (f"with existing data, median of {len(again)}", milliseconds(middle), milliseconds(cpu), target),
            ("slowest of them", milliseconds(max(one.seconds for one in again)), "", ""),
        ),
    )
    figures = {
        "first_start_ms": round(first.seconds * 1000),
        "existing_ms": [round(one.seconds * 1000) for one in again],
        "existing_median_ms": round(middle * 1000),
        "existing_core_ms": [round(one.cpu * 1000) for one in again],
    }
    return Result("start", (table,), figures, {"to_target": round(middle / TARGET_SECONDS, 3)})


def _once(data: Path) -> Start:
    server = Server(data)
    try:
        seconds = server.start()
        return Start(seconds, sum(machine.cpu_time(server.parent, *server.workers).seconds))
    finally:
        server.stop()
