"""Rows of the journal as CSV (RFC 4180), for people's tables."""

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC

from directca.csv_cells import text_cell
from directca.journal.model import Row

HEAD = ("position", "at", "kind", "actor", "subject", "outcome", "account_id", "detail", "previous_digest", "digest")


def as_csv(rows: Iterable[Row]) -> str:
    """The rows with their names on top. `detail` is JSON."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for row in rows:
        values = row.values()
        values["at"] = row.at.astimezone(UTC).isoformat(timespec="microseconds")
        values["detail"] = json.dumps(values["detail"], sort_keys=True, ensure_ascii=True)
        writer.writerow([_cell(values[name]) for name in HEAD])
    return text.getvalue()


def _cell(value: object) -> object:
    return value if isinstance(value, int) else text_cell("" if value is None else str(value))
