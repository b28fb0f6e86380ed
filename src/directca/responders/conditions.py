"""What a client has already, and which part it wants: the preconditions of RFC 9110 13 and the ranges of RFC 9110 14.

Pure, and linear in what was sent. What is malformed is as if it had not been sent, but where that would say that a client's
copy is current: then it is not.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus

_FIELDS = frozenset({b"if-match", b"if-none-match", b"if-modified-since", b"if-unmodified-since", b"if-range", b"range"})
_TAG = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_ONE_RANGE = re.compile(rb"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
_LONGEST_NUMBER = 18
_LONGEST_DATE = 40
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
"""The three forms of RFC 9110 5.6.7, two of them obsolete."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What tells one representation from another: a strong entity tag and, if it has one, the date of its last change.

    `dated_alone` says that no representation before it had the same date, so that the date alone tells it from them.
    """

    etag: bytes
    modified: datetime | None = None
    dated_alone: bool = False


class UnsatisfiableRangeError(Exception):
    """The part that is wanted begins behind the end."""


def asked(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Those fields of a request that are read here; one that is there more than once is a list (RFC 9110 5.3)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _FIELDS:
            found[name] = found[name] + b", " + value if name in found else value
    return found


def precondition(fields: Mapping[bytes, bytes], held: Validators) -> HTTPStatus | None:
    """304 or 412 when the request's own conditions ask for that, in the order of RFC 9110 13.2.2; None: answer it."""
    if b"if-match" in fields:
        if not _names(fields[b"if-match"], held.etag, strong=True):
            return HTTPStatus.PRECONDITION_FAILED
    elif (date := _date_of(fields, b"if-unmodified-since")) and held.modified and not _unchanged_since(date, held):
        return HTTPStatus.PRECONDITION_FAILED
    if b"if-none-match" in fields:
        return HTTPStatus.NOT_MODIFIED if _names(fields[b"if-none-match"], held.etag, strong=False) else None
    if (date := _date_of(fields, b"if-modified-since")) and _unchanged_since(date, held):
        return HTTPStatus.NOT_MODIFIED
    return None


def wanted_part(fields: Mapping[bytes, bytes], held: Validators, size: int) -> tuple[int, int] | None:
    """The first octet and the one behind the last that are wanted; None: all of them. Raises UnsatisfiableRangeError.

    Several ranges at once get the whole, as RFC 9110 14.2 lets a server do: nobody fetches a list in that way, and answers in
    many parts are a known way to make a server work.
    """
    match = _ONE_RANGE.fullmatch(fields[b"range"]) if b"range" in fields else None
    if match is None or not _range_applies(fields, held):
        return None
    first, last = match.groups()
    if not first:
        if not last:
            return None
        begin, end = max(0, size - _number(last)), size
    else:
        begin, end = _number(first), min(size, _number(last) + 1) if last else size
        if last and _number(last) < begin:
            return None  # no range at all (RFC 9110 14.1.1)
    if begin >= size:
        raise UnsatisfiableRangeError
    return begin, end


@lru_cache(maxsize=64)
def http_date(text: bytes) -> datetime | None:
    """The moment that a field says, None if that is no date."""
    if len(text) > _LONGEST_DATE:
        return None
    for form in _DATES:
        try:
            return datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _date_of(fields: Mapping[bytes, bytes], name: bytes) -> datetime | None:
    return http_date(fields[name]) if name in fields else None


def _unchanged_since(date: datetime, held: Validators) -> bool:
    """Whether a copy of that date is this representation. Of two that were made within a second, the date alone tells nothing."""
    if held.modified is None:
        return False
    return held.modified < date or (held.modified == date and held.dated_alone)


def _names(value: bytes, etag: bytes, *, strong: bool) -> bool:
    """Whether a list of entity tags has this one (RFC 9110 8.8.3.2)."""
    if value == etag or value.strip() == b"*":
        return True
    if etag not in value or _TAG.sub(b"", value).strip(b" \t,"):
        return False  # without it, or no list of tags at all
    return any(tag == etag and not (strong and weak) for weak, tag in _TAG.findall(value))


def _range_applies(fields: Mapping[bytes, bytes], held: Validators) -> bool:
    """Whether If-Range says that the parts at hand are of this very representation (RFC 9110 13.1.5)."""
    if b"if-range" not in fields:
        return True
    value = fields[b"if-range"]
    if value.startswith((b'"', b"W/")):
        return value == held.etag
    return held.dated_alone and held.modified is not None and http_date(value) == held.modified


def _number(digits: bytes) -> int:
    """The number, or one larger than any size: whoever sends a thousand digits does not make a number of them."""
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _LONGEST_NUMBER else 10**_LONGEST_NUMBER
