"""The line below a list: which of how many are shown, and the addresses of the pages beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from directca.vetting.case_model import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Pager:
    """The place of a page in its list, counted from 1, and the addresses of the newer and the older one, empty without one."""

    first: int
    last: int
    total: int
    newer: str = ""
    older: str = ""
    words: tuple[str, str] = ("Newer", "Older")


@dataclass(frozen=True)
class Heading:
    """The head of a column by which a list can be sorted: where it is, or the other way round, and what `aria-sort` says now."""

    words: str
    address: str
    sorted: str = ""


def address(path: str, filters: Iterable[tuple[str, str]], **place: str | int) -> str:
    """A view of a list: its filters, and where it begins. What is empty is left out."""
    pairs = [(name, str(value)) for name, value in (*filters, *place.items()) if value not in ("", 0)]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def written(place: Place | None) -> str:
    """A place in the address: microseconds and the identifier, so that the next page begins exactly there."""
    return "" if place is None else f"{(place.at - _EPOCH) // (_EPOCH.resolution)}-{place.id}"


def place(text: str) -> Place | None:
    """The place; anything else is the beginning."""
    moment, _, identifier = text.partition("-")
    if not moment.isascii() or not moment.isdecimal() or len(moment) > 17 or not identifier:
        return None
    return Place(_EPOCH + int(moment) * _EPOCH.resolution, identifier)
