"""From the start of the process to the first answer that says ready, with a data folder that an earlier start made."""

from pathlib import Path
from statistics import median

from bench.results import Result, Table, milliseconds, verdict
from bench.server import Server

TARGET_SECONDS = 3.0


def measure(folder: Path, *, quick: bool) -> Result:
    """Start once to make the authority, then some times more."""
    data = folder / "start"
    first = _once(data)
    again = [_once(data) for _ in range(3 if quick else 5)]
    middle = median(again)
    table = Table(
        "Start to ready",
        ("", "ms", "target"),
        (
            ("first start: two CA keys, sandbox", milliseconds(first), ""),
            (
                f"with existing data, median of {len(again)}",
                milliseconds(middle),
                f"≤ {TARGET_SECONDS:.0f} s: {verdict(middle, TARGET_SECONDS, at_least=False)}",
            ),
            ("slowest of them", milliseconds(max(again)), ""),
        ),
    )
    figures = {
        "first_start_ms": round(first * 1000),
        "existing_ms": [round(one * 1000) for one in again],
        "existing_median_ms": round(middle * 1000),
    }
    return Result("start", (table,), figures, {"to_target": round(middle / TARGET_SECONDS, 3)})


def _once(data: Path) -> float:
    server = Server(data)
    try:
        return server.start()
    finally:
        server.stop()
