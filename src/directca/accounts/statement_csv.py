"""A statement as CSV (RFC 4180), for a spreadsheet that must not take anybody's words for a formula or a number."""

import csv
import io
from datetime import timedelta

from directca.accounts.model import MovementKind
from directca.accounts.statements import Statement
from directca.clock import rfc3339
from directca.csv_cells import text_cell

COLUMNS = ("at", "movement", "for", "available_change", "reserved_change", "available", "reserved", "currency")


def rendered(statement: Statement) -> str:
    """One line for each movement, between the balance before and the balance after."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    first, last = statement.opening, statement.closing
    writer.writerow((rfc3339(statement.since), "opening", "", "", "", *_amounts(first.available, first.reserved), "USD"))
    for line in statement.lines:
        change, after, moved = line.change, line.after, line.movement
        writer.writerow(
            (
                rfc3339(moved.at),
                moved.kind.value,
                text_cell(moved.order_id or moved.reference or ""),
                *_amounts(change.available, change.reserved),
                *_amounts(after.available, after.reserved),
                "USD",
            )
        )
    end = statement.until - timedelta(seconds=1)
    writer.writerow((rfc3339(end), "closing", "", "", "", *_amounts(last.available, last.reserved), "USD"))
    return file.getvalue()


def words(kind: MovementKind) -> str:
    """A movement as people call it."""
    return _WORDS[kind]


_WORDS = {
    MovementKind.DEPOSIT: "Deposit",
    MovementKind.AUTHORIZE: "Set aside for an order",
    MovementKind.CAPTURE: "Charged for an order",
    MovementKind.RELEASE: "Given back, the order came to nothing",
    MovementKind.REFUND: "Refund of an order",
}


def _amounts(*cents: int) -> tuple[str, ...]:
    return tuple(f"{'-' if one < 0 else ''}{abs(one) // 100}.{abs(one) % 100:02d}" for one in cents)
