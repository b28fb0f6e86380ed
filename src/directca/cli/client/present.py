"""How results look on a terminal: results go to standard output, progress and errors to standard error.

Whatever a server sent is printed as plain text with its control characters replaced, since an escape sequence could
otherwise rewrite the screen that a person trusts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from directca.cli.client.failures import ClientFailure
from directca.cli.client.records import Page, Record

_STATES = {
    "issued": ("●", "green"),
    "held": ("◐", "yellow"),
    "revoked": ("✕", "red"),
    "expired": ("○", "yellow"),
    "superseded": ("↻", "yellow"),
}
_DAY = 86_400
_LABEL_WIDTH = 12
_WIDE = 112
_FILE_WIDTH = 240


def verbatim(facts: Mapping[str, Any]) -> None:
    """What the server sent, as indented JSON in ASCII."""
    print(json.dumps(facts, indent=2))


def verbatim_line(facts: Mapping[str, Any]) -> None:
    """The same on one line, for streams of records (JSON Lines)."""
    print(json.dumps(facts))


def say(text: str) -> None:
    """A line of the result."""
    Console(highlight=False, soft_wrap=True).print(Text(clean(text)))


def note(text: str) -> None:
    """A line beside the result: standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(clean(text)))


def failure(error: ClientFailure, *, as_json: bool) -> None:
    """Why there is no result."""
    if as_json:
        Console(stderr=True, highlight=False, soft_wrap=True).print(Text(json.dumps(error.as_json())))
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    first, *rest = error.lines()
    console.print(Text.assemble(("error: ", "bold red"), clean(first)))
    for line in rest:
        console.print(Text("       " + clean(line), style="dim"))


@contextmanager
def working(text: str) -> Iterator[None]:
    """Show that something takes a while."""
    with Console(stderr=True).status(Text(clean(text))):
        yield


def record(shown: Record, now: datetime) -> None:
    """One pair, drawn as on every page of the server."""
    rows: list[tuple[str, Text]] = [("name", Text(clean(shown.identifier), style="bold")), ("state", _state(shown))]
    if shown.kind:
        rows.append(("bound to", Text(clean({"address": "one address", "domain": "a whole domain"}.get(shown.kind, shown.kind)))))
    if shown.organization:
        category = f" · {shown.organization_type}" if shown.organization_type else ""
        rows.append(("organization", Text(clean(shown.organization + category))))
    if shown.not_before and shown.not_after:
        rows.append(("valid from", Text(in_words(shown.not_before, now))))
        rows.append(("valid until", Text(in_words(shown.not_after, now))))
        rows.append(("term", _bar(shown.not_before, shown.not_after, now)))
    rows.append(("signing", Text(grouped(shown.signing_serial))))
    rows.append(("encryption", Text(grouped(shown.encryption_serial))))
    if shown.revocation_reason:
        when = f" · {in_words(shown.revoked_at, now)}" if shown.revoked_at else ""
        rows.append(("reason", Text(clean(shown.revocation_reason) + when)))
    _print_rows(rows)


def rehearsal(found: Mapping[str, Any], now: datetime) -> None:
    """What an order would lead to. Its members differ between servers, so each is shown by its own name."""
    say("Every check has passed. Nothing was issued and nothing charged.")
    currency = clean(found.get("currency") or "")
    rows = [_member(key, value, currency, now) for key, value in _flat(found) if key not in {"dry_run", "currency"}]
    _print_rows(rows)


def files(folder: Path) -> None:
    """What lies in a folder now."""
    say(f"Files in {folder}:")
    for path in sorted(folder.iterdir()):
        say(f"  {path.name}")


def pages(found: Iterable[Page], now: datetime) -> None:
    """A table of records, and how many more there are."""
    console = _console()
    # On a narrow screen the serial number goes first: `show` tells it, and a folded name cannot be copied.
    titles = ("name", "state", "valid until", "signing serial")[: 4 if console.width >= _WIDE else 3]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title == "state")
    shown, total, more = 0, 0, False
    for page in found:
        shown, total, more = shown + len(page.records), page.total, page.next_uri is not None
        for row in page.records:
            ends = in_words(row.not_after, now) if row.not_after else "-"
            cells = (Text(clean(row.identifier)), _state(row), Text(ends), Text(grouped(row.signing_serial)))
            table.add_row(*cells[: len(titles)])
    if not total:
        say("No record matches. `directca client issue NAME --years 1` makes the first one.")
        return
    console.print(table)
    say(f"{shown} of {total} records" + (". Add --all for the rest." if more else "."))


def in_words(moment: datetime, now: datetime) -> str:
    """`in 23 days · 2027-01-16`: the distance for people, the date for certainty."""
    days = (moment.date() - now.date()).days
    words = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days)
    if words is None:
        words = f"in {days} days" if days > 0 else f"{-days} days ago"
    return f"{words} · {moment.date().isoformat()}"


def grouped(serial: str) -> str:
    """A serial number in groups of four digits, counted from the end as its value is."""
    digits = clean(serial)
    head = len(digits) % 4
    groups = ([digits[:head]] if head else []) + [digits[at : at + 4] for at in range(head, len(digits), 4)]
    return " ".join(groups)


def clean(text: object) -> str:
    """Text in which no character does anything but show itself."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(text))


def _console() -> Console:
    """Standard output; as wide as a line needs to be when it goes to a file or another program."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_FILE_WIDTH)


def _state(shown: Record) -> Text:
    word = shown.status or "unknown"
    shape, colour = _STATES.get(word, ("?", "yellow"))
    return Text(f"{shape} {clean(word)}", style=colour)


def _bar(start: datetime, end: datetime, now: datetime) -> Text:
    width = 24
    whole = max((end - start).total_seconds(), 1)
    spent = min(max((now - start).total_seconds() / whole, 0), 1)
    filled = round(spent * width)
    left = max((end - now).total_seconds() / _DAY, 0)
    return Text(f"{'━' * filled}{'─' * (width - filled)} {left:.0f} days left")


def _member(key: str, value: object, currency: str, now: datetime) -> tuple[str, Text]:
    label = key.removesuffix("_cents").removesuffix("_ts").replace("_", " ")
    if key.endswith("_cents") and isinstance(value, int):
        return label, Text(f"{value / 100:,.2f} {currency}".rstrip())
    if key.endswith("_ts"):
        with suppress(ValueError):
            return label, Text(in_words(datetime.fromisoformat(str(value)), now))
    return label, Text(clean(value))


def _flat(found: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in found.items():
        path = f"{above}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{path}.")
        elif isinstance(value, list) and not value:
            yield path, "none"
        elif value is not None and "-----BEGIN" not in str(value):
            yield path, value


def _print_rows(rows: list[tuple[str, Text]]) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", min_width=_LABEL_WIDTH, no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in rows:
        table.add_row(clean(label), value)
    _console().print(table)
