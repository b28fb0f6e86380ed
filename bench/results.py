"""What a benchmark found: tables for people, and the same as JSON for tools."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

_NARROWEST = 112


@dataclass(frozen=True)
class Table:
    """Rows under headings; the first column is text, the others are figures."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Result:
    """One benchmark's outcome. `ratios` are what to compare between machines; `notes` say how it was measured."""

    name: str
    tables: tuple[Table, ...]
    figures: Mapping[str, Any]
    ratios: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds for people: two decimals below ten, then fewer."""
    value = seconds * 1000
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def verdict(value: float, target: float, *, at_least: bool) -> str:
    """Whether a target was reached."""
    return "reached" if (value >= target if at_least else value <= target) else "missed"


def show(result: Result) -> None:
    """Print the tables and what is to be known of them."""
    console = Console()
    console.width = max(console.width, _NARROWEST)
    for table in result.tables:
        console.print(table.title, style="bold", markup=False, highlight=False)
        shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
        for place, heading in enumerate(table.headings):
            shown.add_column(heading, justify="right" if place else "left", no_wrap=True)
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)
    for note in result.notes:
        console.print(f"  {note}", style="dim", markup=False, highlight=False)
    console.print()


def write(result: Result, folder: Path, machine: Mapping[str, Any], *, quick: bool) -> Path:
    """Write `<name>.json`."""
    path = folder / f"{result.name}.json"
    content = {
        "bench": result.name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": dict(machine),
        "ratios": dict(result.ratios),
        "figures": dict(result.figures),
        "notes": list(result.notes),
    }
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
