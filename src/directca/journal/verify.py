"""Reading the journal back and finding what does not fit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from directca.db.engine import Tx
from directca.journal import store
from directca.journal.chain import GENESIS, digest
from directca.journal.model import Row, Unreadable


@dataclass(frozen=True)
class Verdict:
    """What a walk over the journal found: how many rows, the digest of the last, and each thing that does not fit."""

    rows: int
    digest: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Stretch:
    """A part of the walk: its last row, by position and digest, what did not fit, and whether the journal ends there."""

    position: int
    digest: str
    problems: tuple[str, ...]
    is_end: bool


def verify_stretch(tx: Tx, position: int, last: str, *, rows: int) -> Stretch:
    """Walk on behind a row, so many rows at most. The end is compared with the head of the same moment."""
    problems = _problems_before(tx, rows) if not position else []
    count = 0
    for row in islice(store.rows_as_found(tx, position), rows):
        count += 1
        problems.extend(_problems(row, position + 1, last))
        position, last = row.position, row.digest
    is_end = count < rows
    if is_end:
        problems.extend(_problems_at_end(store.head(tx), position, last))
    return Stretch(position, last, tuple(problems), is_end)


def verify(tx: Tx, *, most: int = 20) -> Verdict:
    """Walk the whole journal and find any row altered, missing (at the end too), added or out of order.

    It stops after `most` findings.
    """
    problems = _problems_before(tx, most)
    expected, previous, count = 1, GENESIS, 0
    for row in store.rows_as_found(tx, 0):
        count += 1
        problems.extend(_problems(row, expected, previous))
        if len(problems) >= most:
            break
        expected, previous = row.position + 1, row.digest
    else:
        problems.extend(_problems_at_end(store.head(tx), expected - 1, previous))
    return Verdict(count, previous, tuple(problems))


def verify_founded(tx: Tx) -> Verdict:
    """`verify`, of an authority that was founded: where no row is left, nothing else tells that there were some."""
    found = verify(tx)
    if found.rows or found.problems:
        return found
    return replace(found, problems=("the journal is empty, and an authority's begins with its founding",))


def _problems_before(tx: Tx, most: int) -> list[str]:
    return [f"row {position} stands before the first, which is row 1" for position in store.before_first(tx, most=most)]


def _problems(row: Row | Unreadable, expected: int, previous: str) -> Iterator[str]:
    if row.position != expected:
        yield f"row {expected} is missing: row {row.position} follows row {expected - 1}"
    if row.previous_digest != previous:
        yield f"row {row.position} does not follow the row before it"
    if isinstance(row, Unreadable) or not _is_as_written(row):
        yield f"row {row.position} was altered"


def _is_as_written(row: Row) -> bool:
    try:
        return digest(row.previous_digest, row.position, row.at, row.event) == row.digest
    except (TypeError, ValueError, RecursionError):
        return False  # what stands there is nothing of which a digest was ever made


def _problems_at_end(head: tuple[int, str] | None, position: int, last: str) -> Iterator[str]:
    if head is None and position:
        yield "the journal's head is missing"
    elif head is not None and head != (position, last):
        yield f"the journal ends at row {position}, but its head says row {head[0]}"
