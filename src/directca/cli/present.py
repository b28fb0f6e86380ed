"""How the operator's commands speak: tables for people, JSON for scripts, one line on standard error for a refusal."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Away from a terminal there is no edge to fold at: a line is a line, so that `grep` finds it.
_PLAIN_WIDTH = 240


def emit(data: Any, *, as_json: bool, human: Table | str) -> None:
    """Print the answer of a command."""
    if as_json:
        sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
        return
    if isinstance(human, str):
        sys.stdout.write(human + "\n")
        return
    console = Console(file=sys.stdout, highlight=False)
    if console.is_terminal:
        console.print(human)
        return
    with (plain := Console(file=StringIO(), highlight=False, width=_PLAIN_WIDTH)).capture() as shown:
        plain.print(human)
    sys.stdout.writelines(line.rstrip() + "\n" for line in shown.get().splitlines())


def space() -> None:
    """An empty line, between one table for people and the next."""
    sys.stdout.write("\n")


def listing(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> Table | str:
    """Rows under their heads, or the sentence for when there are none."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    filled = False
    for row in rows:
        filled = True
        table.add_row(*(Text(_word(value)) for value in row))
    return table if filled else empty


def facts(pairs: Mapping[str, object]) -> Table:
    """One thing, fact by fact."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        table.add_row(Text(name), Text(_word(value)))
    return table


def failure(slug: str, detail: str, *, as_json: bool) -> None:
    """Say why a command ended without its result."""
    line = json.dumps({"error": slug, "description": detail}, ensure_ascii=False) if as_json else " ".join(detail.split())
    sys.stderr.write(line + "\n")


def _word(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value) or "—"
    return str(value)
