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
from directca.certificates.filters import Filters, Order, Window
from directca.certificates.model import Status, status
from directca.certificates.query import Page
from directca.vetting import organizations
from directca.web import written
from directca.web.console.context import Console, Visit
from directca.web.console.paging import Heading, Pager, address
from directca.web.pages import PLAIN, Shown

CERTIFICATES = "/console/certificates"
ROWS = 50
EXPORT = f"{CERTIFICATES}/export"
_FIELDS = ("name", "state", "organization", "from", "to", "serial")
_LONGEST = 256
_CURSOR = re.compile(r"(older|newer)-([0-9]{1,18})")
_OFFSET = re.compile(r"[0-9]{1,9}")
_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_NEWEST = "newest"
_ORDERS = {_NEWEST: Order.NEWEST, **{one.value: one for one in Order if one is not Order.NEWEST}}
_SAID = {
    Order.NEWEST: "newest first",
    Order.NAME: "by name",
    Order.NAME_DOWN: "by name, the last first",
    Order.ENDS: "those first that expire first",
    Order.ENDS_DOWN: "those first that expire last",
}
Value = TypeVar("Value")


@dataclass(frozen=True)
class Asked:
    """What the address says: the fields as they were entered, what they mean, and what is wrong with them."""

    fields: Mapping[str, str]
    filters: Filters
    errors: tuple[tuple[str, str], ...]
    sort: str
    """How the list is to be sorted, empty where nothing was said of it that is known."""

    @property
    def order(self) -> Order:
        """How it is sorted. What is asked for by its end is sorted by it: pairs that ended long ago are far from the newest."""
        by_end = self.filters.status is Status.EXPIRED or bool(self.fields["from"] or self.fields["to"])
        return _ORDERS[self.sort] if self.sort else Order.ENDS_DOWN if by_end else Order.NEWEST

    @property
    def otherwise(self) -> Filters | None:
        """What is meant if nothing is found: people have a serial and do not know whose of the two certificates it is."""
        serial = self.filters.signing_serial
        return None if serial is None else replace(self.filters, signing_serial=None, encryption_serial=serial)

    def address(self, path: str = CERTIFICATES, **place: str | int) -> str:
        """A view of the same pairs in the same order."""
        return address(path, (*self.fields.items(), ("sort", self.sort)), **place)

    def sorted_by(self, order: Order) -> str:
        """The beginning of the list in another order."""
        return address(CERTIFICATES, self.fields.items(), sort=order.value or _NEWEST)


def show_certificates(console: Console, request: Request) -> Response:
    """One page of the list."""
    visit = console.visit(request)
    now = console.clock.now()
    asked = read(request)
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
        sort=asked.sort,
        order=_SAID[asked.order],
        newest="" if asked.order is Order.NEWEST else asked.sorted_by(Order.NEWEST),
        by_name=_heading(asked, "Name", Order.NAME, Order.NAME_DOWN),
        by_end=_heading(asked, "Expires", Order.ENDS, Order.ENDS_DOWN),
        export=asked.address(EXPORT),
        fields=asked.fields,
        errors=asked.errors,
        states=[("", "Any"), *((one.value, one.value.capitalize()) for one in Status)],
        organizations=[("", "Any"), *((name, name) for name in dict.fromkeys(one.facts.legal_name for one in known))],
        is_filtered=any(asked.fields.values()),
    )


def _page(visit: Visit, request: Request, asked: Asked, now: datetime) -> Page:
    window = replace(_window(request), order=asked.order)

    def found(filters: Filters) -> Page:
        return visit.console.database.ask(
            lambda tx: query.page(tx, visit.console.counts, visit.account_id, filters, window, now),
            lambda tx: query.mark(tx, visit.account_id),
        )

    page = found(asked.filters)
    return page if page.total or asked.otherwise is None else found(asked.otherwise)


def read(request: Request) -> Asked:
    """What the address asks for. An order that is not known is none."""
    entered = _Entered({name: request.query_params.get(name, "").strip() for name in _FIELDS})
    filters = Filters(
        name_like=entered.read("name", _pattern, "Enter a part of a name, with at most eight * for anything."),
        status=entered.read("state", Status, "Choose one of the states."),
        organization=entered.read("organization", _ascii_lower, "Choose one of your organizations."),
        expires_after=entered.read("from", lambda text: _day(text) - timedelta(seconds=1), "Enter a date as 2027-01-31."),
        expires_before=entered.read("to", lambda text: _day(text) + timedelta(days=1), "Enter a date as 2027-01-31."),
        signing_serial=entered.read("serial", _serial, "Enter a serial number in hexadecimal digits."),
    )
    sort = request.query_params.get("sort", "")
    return Asked(entered.fields, filters, tuple(entered.errors), sort if sort in _ORDERS else "")


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
    newer = older = ""
    if positions and page.newer and page.offset:
        before = max(0, page.offset - ROWS)
        newer = asked.address(offset=before, cursor=f"newer-{positions[0]}") if before else asked.address()
    if positions and page.older:
        older = asked.address(offset=page.offset + len(positions), cursor=f"older-{positions[-1]}")
    words = ("Newer", "Older") if asked.order is Order.NEWEST else ("Previous", "Next")
    return Pager(page.offset + 1 if positions else 0, page.offset + len(positions), page.total, newer, older, words)


def _heading(asked: Asked, words: str, up: Order, down: Order) -> Heading:
    if asked.order is up:
        return Heading(words, asked.sorted_by(down), "ascending")
    return Heading(words, asked.sorted_by(up), "descending" if asked.order is down else "")
