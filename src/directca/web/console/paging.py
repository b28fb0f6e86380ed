"""The line below a list: which of how many are shown, and the addresses of the pages beside it."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode


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
