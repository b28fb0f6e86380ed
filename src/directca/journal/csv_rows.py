"""Rows of the journal as CSV (RFC 4180), for people's tables; and what a cell of any such file is, so that a table keeps it.

What somebody wrote into a name must not become a command on an auditor's machine, and a number that is a name, such as a
digest of nothing but digits, must not be rounded.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from datetime import UTC

from directca.journal.model import Row

HEAD = ("position", "at", "kind", "actor", "subject", "outcome", "account_id", "detail", "previous_digest", "digest")
_FORMULA = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
"""How a formula begins, behind what a table skips."""
_FORMULA_WITHIN = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@＝＋－＠])")
"""The same where a table that parts cells by semicolons or tabs would begin another one."""
_NUMBER = re.compile(r"[\s$€£¥(]*[0-9][0-9\s.,:/'-]*(?:[eE][+-]?[0-9]+)?[\s%)]*")
"""A number, an amount, a day or a time to any table."""


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


def text_cell(text: str) -> str:
    """The text as a cell that every table reads as text: before what would be a formula or a number stands an apostrophe."""
    if _FORMULA.match(text) or _NUMBER.fullmatch(text):
        return f"'{text}"
    return _FORMULA_WITHIN.sub(r"\1'", text)
