"""The account's list of certificate pairs as a CSV file (RFC 4180): what the list shows, in its order, whatever the number.

The file is sent as it is read, some hundred pairs at a time and each time in a transaction of its own: neither the memory nor
the oldest open transaction grows with it. A cell that a spreadsheet would read as a formula or number begins with an apostrophe;
serial numbers are pairs of digits with colons between, which nothing reads as a number and every search here takes.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from directca.certificates import query
from directca.certificates.model import Record, status
from directca.clock import rfc3339
from directca.csv_cells import text_cell
from directca.web.console import certificate_list
from directca.web.console.certificate_list import Asked
from directca.web.console.context import Console
from directca.web.dates import iso_date
from directca.web.headers import NEVER_KEPT

COLUMNS = (
    "name",
    "kind",
    "state",
    "not_before",
    "not_after",
    "organization",
    "organization_type",
    "signing_serial",
    "encryption_serial",
    "revoked_at",
    "revocation_reason",
)


def send_export(console: Console, request: Request) -> Response:
    """The file, which counts as a call of the API. Filters that are not understood lead to the list, which says what is wrong.

    Raises SignInFirst, TooManyCalls.
    """
    visit = console.visit(request)
    asked = certificate_list.read(request)
    if asked.errors:
        return RedirectResponse(asked.address(), 303)
    console.rates.admit("account", visit.account_id)
    now = console.clock.now()
    runs = _runs(console, visit.account_id, asked, now)
    headers = {
        "Content-Disposition": f'attachment; filename="certificates-{iso_date(now)}.csv"',
        "Cache-Control": NEVER_KEPT,
    }
    return StreamingResponse(_lines(runs, now), 200, headers, "text/csv; charset=utf-8")


def _runs(console: Console, account_id: str, asked: Asked, now: datetime) -> Iterator[list[Record]]:
    found = False
    for records in query.walk(console.database, console.counts, account_id, asked.filters, asked.order, now):
        found = True
        yield records
    if not found and asked.otherwise is not None:
        yield from query.walk(console.database, console.counts, account_id, asked.otherwise, asked.order, now)


def _lines(runs: Iterator[list[Record]], now: datetime) -> Iterator[str]:
    yield _text([COLUMNS])
    for records in runs:
        yield _text([_row(one, now) for one in records])


def _row(one: Record, now: datetime) -> tuple[str, ...]:
    return (
        text_cell(one.identifier),
        one.kind.value,
        status(one, now).value,
        rfc3339(one.not_before),
        rfc3339(one.not_after),
        text_cell(one.organization),
        text_cell(one.organization_type),
        _serial(one.signing_serial),
        _serial(one.encryption_serial),
        "" if one.revoked_at is None else rfc3339(one.revoked_at),
        "" if one.revocation_reason is None else one.revocation_reason.value,
    )


def _serial(text: str) -> str:
    """`01:9e:f2`: a serial number that a spreadsheet neither rounds nor shortens, as `19ef2` may be and `1234e5` would be."""
    even = text.zfill(len(text) + len(text) % 2)
    return ":".join(even[start : start + 2] for start in range(0, len(even), 2))


def _text(rows: list[tuple[str, ...]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\r\n").writerows(rows)
    return file.getvalue()
