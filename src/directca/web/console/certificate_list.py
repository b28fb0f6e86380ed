"""The account's certificate pairs: searched, filtered, by pages whose cost does not grow with their number.

Filters and place stand in the address, so that a view can be shared and gone back to. What a page
holds is decided by `certificates/query.py`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from directca.certificates import query
from directca.certificates.filters import Filters, Window
from directca.certificates.model import Status, status
from directca.certificates.query import Page
from directca.vetting import organizations
from directca.web import written
from directca.web.console.context import Console, Visit
from directca.web.console.paging import Pager, address
from directca.web.pages import PLAIN, Shown

CERTIFICATES = "/console/certificates"
ROWS = 50
_FIELDS = ("name", "state", "organization", "from", "to", "serial")
_LONGEST = 256
_CURSOR = re.compile(r"(older|newer)-([0-9]{1,18})")
_OFFSET = re.compile(r"[0-9]{1,9}")
Value = TypeVar("Value")
_SERIAL = re.compile(r"[0-9a-f]{1,40}")


@dataclass(frozen=True)
class Asked:
    """What the address says: the fields as they were entered, what they mean, and what is wrong with them."""

    fields: Mapping[str, str]
    filters: Filters
    errors: tuple[tuple[str, str], ...]


def show_certificates(console: Console, request: Request) -> Response:
    """One page of the list."""
    visit = console.visit(request)
    now = console.clock.now()
    asked = _asked(request)
    page = Page((), 0, 0, newer=False, older=False) if asked.errors else _page(visit, request, asked, now)
    with console.database.read() as tx:
        known = organizations.of_account(tx, visit.account_id)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/certificates.html",
        Shown(400) if asked.errors else PLAIN,
        rows=[(pair.record, status(pair.record, now).value) for pair in page.pairs],
        pager=_pager(asked, page),
        fields=asked.fields,
        errors=asked.errors,
        states=[("", "Any"), *((one.value, one.value.capitalize()) for one in Status)],
        organizations=[("", "Any"), *((name, name) for name in dict.fromkeys(one.facts.legal_name for one in known))],
        is_filtered=any(asked.fields.values()),
    )


def _page(visit: Visit, request: Request, asked: Asked, now: datetime) -> Page:
    window = _window(request)

    def found(filters: Filters) -> Page:
        return visit.console.database.ask(
            lambda tx: query.page(tx, visit.console.counts, visit.account_id, filters, window, now),
            lambda tx: query.mark(tx, visit.account_id),
        )

    page = found(asked.filters)
    if asked.filters.signing_serial is not None and page.total == 0:
        # People have a serial and do not know whose of the two certificates it is.
        return found(replace(asked.filters, signing_serial=None, encryption_serial=asked.filters.signing_serial))
    return page


def _asked(request: Request) -> Asked:
    entered = _Entered({name: request.query_params.get(name, "").strip() for name in _FIELDS})
    filters = Filters(
        name_like=entered.read("name", _pattern, "Enter a part of a name, with at most eight * for anything."),
        status=entered.read("state", Status, "Choose one of the states."),
        organization=entered.read("organization", _ascii_lower, "Choose one of your organizations."),
        expires_after=entered.read("from", lambda text: _day(text) - timedelta(seconds=1), "Enter a date as 2027-01-31."),
        expires_before=entered.read("to", lambda text: _day(text) + timedelta(days=1), "Enter a date as 2027-01-31."),
        signing_serial=entered.read("serial", _serial, "Enter a serial number in hexadecimal digits."),
    )
    return Asked(entered.fields, filters, tuple(entered.errors))


@dataclass(frozen=True)
class _Entered:
    """What was entered, and what could not be understood of it."""

    fields: Mapping[str, str]
    errors: list[tuple[str, str]] = field(default_factory=list)

    def read(self, name: str, meaning: Callable[[str], Value], advice: str) -> Value | None:
        """What a field means; None if it is empty or, which is noted, wrong."""
        text = self.fields[name]
        if not text:
            return None
        try:
            return meaning(_printable(text))
        except (ValueError, OverflowError):
            self.errors.append((name, advice))
            return None


def _printable(text: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise ValueError(text)
    return text


def _pattern(text: str) -> str:
    """What somebody means by a part of a name. Whoever begins with an address, or with the @ before a domain, is served by an
    index; any other part is looked for within names."""
    lower = _ascii_lower(text)
    if "*" in lower:
        if lower.count("*") > query.MOST_WILDCARDS:
            raise ValueError(text)
        return lower
    if lower.startswith("@"):
        return f"*{lower}"
    return f"{lower}*" if "@" in lower else f"*{lower}*"


def _ascii_lower(text: str) -> str:
    return "".join(one.lower() if one.isascii() else one for one in text)


def _day(text: str) -> datetime:
    found = written.day(text)
    if found is None:
        raise ValueError(text)
    return found


def _serial(text: str) -> str:
    digits = re.sub(r"[\s:]", "", text.lower()).removeprefix("0x")
    if not _SERIAL.fullmatch(digits):
        raise ValueError(text)
    return digits.lstrip("0") or "0"


def _window(request: Request) -> Window:
    """Where the page begins. What is no cursor of ours is the beginning."""
    offset = request.query_params.get("offset", "")
    place = Window(ROWS, int(offset) if _OFFSET.fullmatch(offset) else 0)
    match = _CURSOR.fullmatch(request.query_params.get("cursor", ""))
    if match is None:
        return place if place.offset == 0 else replace(place, offset=0)
    position = int(match[2])
    return replace(place, before=position) if match[1] == "older" else replace(place, after=position)


def _pager(asked: Asked, page: Page) -> Pager:
    positions = [pair.record.position or 0 for pair in page.pairs]
    filters = tuple(asked.fields.items())
    newer = older = ""
    if positions and page.newer and page.offset:
        before = max(0, page.offset - ROWS)
        newer = (
            address(CERTIFICATES, filters, offset=before, cursor=f"newer-{positions[0]}")
            if before
            else address(CERTIFICATES, filters)
        )
    if positions and page.older:
        older = address(CERTIFICATES, filters, offset=page.offset + len(positions), cursor=f"older-{positions[-1]}")
    return Pager(page.offset + 1 if positions else 0, page.offset + len(positions), page.total, newer, older)
