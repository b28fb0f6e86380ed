"""The query's SQL: how many records match, and those of one page.

A statement depends on which filters are set, not on their values, so each is built and compiled once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, func, or_, select

from directca.certificates.authority_store import authority
from directca.certificates.filters import Filters, Order, Window
from directca.certificates.model import Record, State, Status, Usage
from directca.certificates.store import KNOWN, RECORD_COLUMNS, certificate, record, record_from
from directca.db.engine import Mark, Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime

_FEW = 20_000
"""Up to so many matches of a pattern are looked up by name and then sorted; more are met soon on a walk from the newest."""

_FEW_TO_SORT = 5_000
"""Up to so many matches of any filter are looked up and then sorted; more are met soon on a walk in the order that is wanted."""

_AFTER_EVERY_NAME = "\x7f"


class _Pattern(Enum):
    """What of a pattern an index can use."""

    EXACT = "exact"
    ONLY_PREFIX = "only prefix"
    ONLY_SUFFIX = "only suffix"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    INNER = "inner"


class _Direction(Enum):
    """Where a page begins."""

    OFFSET = "offset"
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True)
class _Shape:
    """Which filters are set."""

    present: frozenset[str]
    pattern: _Pattern | None
    status: Status | None

    @property
    def names_one(self) -> bool:
        """Whether a name or serial is asked for exactly, so that an index on it finds the few records that have it."""
        return self.pattern is _Pattern.EXACT or "name_is" in self.present or self.has_serial

    @property
    def names_some(self) -> bool:
        """Whether anything is said of names or serials, which indexes of them know better than those of states and days."""
        return self.pattern is not None or self.names_one

    @property
    def is_of_days(self) -> bool:
        """Whether what is asked for is a span of days on which pairs end; pairs of any other status lie together on an index."""
        bounds = self.present.intersection(("expires_before", "expires_after"))
        return not self.names_some and (self.status is Status.EXPIRED or (self.status is None and bool(bounds)))

    @property
    def has_serial(self) -> bool:
        """Whether a serial is asked for."""
        return not self.present.isdisjoint(("signing_serial", "encryption_serial"))


_LAST_POSITION = Prepared(
    select(func.max(record.c.position).label("last")).where(record.c.account_id == bindparam("account"), KNOWN)
)
_MARK = Prepared(
    select(
        authority.c.status_version,
        select(func.max(record.c.position))
        .where(record.c.account_id == bindparam("account"), KNOWN)
        .scalar_subquery()
        .label("last"),
    ).order_by(authority.c.id)
)
_PLACE = Prepared(
    select(record.c.identifier, record.c.not_after).where(
        record.c.position == bindparam("position"), record.c.account_id == bindparam("account")
    )
)
_AT_POSITION = Prepared(select(*RECORD_COLUMNS).where(record.c.position == bindparam("position")))


def is_costly(filters: Filters) -> bool:
    """Whether the filter is a pattern without a fixed beginning or end, and nothing else that an index knows."""
    shape = _shape(filters)
    return shape.pattern is _Pattern.INNER and not shape.names_one and shape.status is None


def last_position(tx: Tx, account_id: str) -> int:
    """The position of the account's newest record, 0 without one."""
    row = _LAST_POSITION.first(tx, {"account": account_id})
    return 0 if row is None or row.last is None else int(row.last)


def mark(tx: Tx, account_id: str) -> Mark:
    """The position of the account's newest record, and how many changes of status each authority has seen."""
    rows = _MARK.rows(tx, {"account": account_id})
    return (max((row.last or 0 for row in rows), default=0), *(row.status_version for row in rows))


def count(tx: Tx, account_id: str, filters: Filters, now: datetime, *, after: int) -> int:
    """How many records behind a position match."""
    values = {**_values(filters, now), "account": account_id, "after": after}
    return int(_counting(_shape(filters)).rows(tx, values)[0].matching)


def positions(tx: Tx, account_id: str, filters: Filters, now: datetime, *, after: int, most: int) -> list[int]:
    """The positions behind one that match, ascending, so many at most."""
    values = {**_values(filters, now), "account": account_id, "after": after, "most": most}
    return [row.position for row in _listing(_shape(filters)).rows(tx, values)]


def at_positions(tx: Tx, wanted: Sequence[int]) -> list[Record]:
    """The records at these positions, in this order."""
    found = (_AT_POSITION.first(tx, {"position": position}) for position in wanted)
    return [record_from(row) for row in found if row is not None]


def records(tx: Tx, account_id: str, filters: Filters, window: Window, now: datetime, *, expected: int) -> list[Record]:
    """The records of one page: newest first, or oldest first when the window looks `after` a position."""
    direction = _direction(window)
    shape = _shape(filters)
    by_value = expected <= _FEW and (shape.pattern is not None or shape.is_of_days)
    values = {
        **_values(filters, now),
        "account": account_id,
        "most": window.limit,
        "skipped": window.offset,
        "bound": window.after if direction is _Direction.AFTER else window.before,
    }
    return [record_from(row) for row in _paging(shape, direction, by_value=by_value).rows(tx, values)]


def in_order(tx: Tx, account_id: str, filters: Filters, window: Window, now: datetime, *, expected: int) -> list[Record]:
    """The records of one page of a list that is sorted by a name or by an end; backwards when the window looks `after` one.

    A page that begins at what is not the account's has nothing.
    """
    bound = window.before if window.after is None else window.after
    values = {**_values(filters, now), "account": account_id, "most": window.limit, "skipped": window.offset}
    if bound is not None:
        place = _PLACE.first(tx, {"position": bound, "account": account_id})
        if place is None:
            return []
        values |= {"bound": bound, "skipped": 0, "key": place.identifier if _is_by_name(window.order) else place.not_after}
    up = window.order.is_down == (window.after is not None)
    walk = _sorting(_shape(filters), window.order, up=up, bounded=bound is not None, few=expected <= _FEW_TO_SORT)
    return [record_from(row) for row in walk.rows(tx, values)]


def conditions(filters: Filters, now: datetime) -> tuple[list[ColumnElement[bool]], dict[str, Any]]:
    """The filters for a statement of one's own, with the values of its parameters."""
    return _conditions(_shape(filters)), _values(filters, now)


def _shape(filters: Filters) -> _Shape:
    names = ("name_is", "signing_serial", "encryption_serial", "expires_before", "expires_after", "organization")
    present = frozenset(name for name in names if getattr(filters, name) is not None)
    pattern = None if filters.name_like is None else _pattern(filters.name_like)
    return _Shape(present, pattern, filters.status)


def _pattern(like: str) -> _Pattern:
    if "*" not in like:
        return _Pattern.EXACT
    if like.count("*") == 1 and like[0] == "*":
        return _Pattern.ONLY_SUFFIX
    if like.count("*") == 1 and like[-1] == "*":
        return _Pattern.ONLY_PREFIX
    if not like.startswith("*"):
        return _Pattern.PREFIX
    return _Pattern.INNER if like.endswith("*") else _Pattern.SUFFIX


def _direction(window: Window) -> _Direction:
    if window.after is not None:
        return _Direction.AFTER
    return _Direction.OFFSET if window.before is None else _Direction.BEFORE


@lru_cache(maxsize=256)
def _counting(shape: _Shape) -> Prepared:
    found = select(func.count().label("matching")).select_from(record)
    behind = _place(by_value=shape.names_one) > bindparam("after")
    return Prepared(found.where(_of_account(shape), behind, *_conditions(shape, days_ranged=False)))


@lru_cache(maxsize=256)
def _listing(shape: _Shape) -> Prepared:
    found = select(record.c.position).where(_of_account(shape), *_conditions(shape, ranged=False, days_ranged=False))
    return Prepared(
        found.where(record.c.position > bindparam("after")).order_by(record.c.position.asc()).limit(bindparam("most"))
    )


@lru_cache(maxsize=512)
def _paging(shape: _Shape, direction: _Direction, *, by_value: bool) -> Prepared:
    """Find the positions of the page on an index alone, then fetch the records at them."""
    order = _place(by_value=by_value or shape.names_one)
    conditions = _conditions(shape, ranged=by_value, days_ranged=by_value and not shape.names_some)
    found = select(record.c.position).where(_of_account(shape), *conditions)
    upwards = direction is _Direction.AFTER
    positions = _bounded(found, order, direction).order_by(order.asc() if upwards else order.desc()).limit(bindparam("most"))
    if direction is _Direction.OFFSET:
        positions = positions.offset(bindparam("skipped"))
    page = select(*RECORD_COLUMNS).where(KNOWN, record.c.position.in_(positions.scalar_subquery()))
    return Prepared(page.order_by(record.c.position.asc() if upwards else record.c.position.desc()))


@lru_cache(maxsize=512)
def _sorting(shape: _Shape, order: Order, *, up: bool, bounded: bool, few: bool) -> Prepared:
    """Walk the index of the order and leave out what does not match or, where few do, look them up and sort them."""
    by_name = _is_by_name(order)
    column: ColumnElement[Any] = record.c.identifier.expression if by_name else record.c.not_after.expression
    key = func.coalesce(column, column) if few else column
    place = record.c.position
    found = select(place).where(
        _of_account(shape),
        *_conditions(shape, ranged=few or by_name, days_ranged=shape.is_of_days if few else not by_name, state_indexed=few),
    )
    if bounded:
        value: ColumnElement[Any] = bindparam("key", type_=column.type)
        bound: ColumnElement[Any] = bindparam("bound")
        reached, passed = (key >= value, key > value) if up else (key <= value, key < value)
        found = found.where(reached, or_(passed, place + 0 > bound if up else place + 0 < bound))
    ordered = (key.asc(), place.asc()) if up else (key.desc(), place.desc())
    positions = found.order_by(*ordered).limit(bindparam("most")).offset(bindparam("skipped"))
    page = select(*RECORD_COLUMNS).where(KNOWN, place.in_(positions.scalar_subquery()))
    shown = func.coalesce(column, column)
    return Prepared(page.order_by(shown.asc() if up else shown.desc(), place.asc() if up else place.desc()))


def _is_by_name(order: Order) -> bool:
    return order in (Order.NAME, Order.NAME_DOWN)


def _of_account(shape: _Shape) -> ColumnElement[bool]:
    """The account's known records. Where a serial leads to the record, no index of the account is offered instead."""
    account = record.c.account_id.concat("") if shape.has_serial else record.c.account_id.expression
    return and_(KNOWN, account == bindparam("account"))


def _place(*, by_value: bool) -> ColumnElement[int]:
    """The position; `+ 0` keeps the planner from walking the whole account in order where a value finds few rows at once."""
    return record.c.position + 0 if by_value else record.c.position.expression


def _bounded(found: Select[tuple[int | None]], place: ColumnElement[int], direction: _Direction) -> Select[tuple[int | None]]:
    if direction is _Direction.AFTER:
        return found.where(place > bindparam("bound"))
    if direction is _Direction.BEFORE:
        return found.where(place < bindparam("bound"))
    return found


def _values(filters: Filters, now: datetime) -> dict[str, Any]:
    like = filters.name_like or ""
    prefix, _, _ = like.partition("*")
    _, _, suffix = like.rpartition("*")
    escaped = like.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    return {
        "name": filters.name_is,
        "exact": like,
        "like": escaped,
        "prefix": prefix,
        "prefix_end": prefix + _AFTER_EVERY_NAME,
        "suffix": suffix[::-1],
        "suffix_end": suffix[::-1] + _AFTER_EVERY_NAME,
        "signing": filters.signing_serial,
        "encryption": filters.encryption_serial,
        "expires_before": filters.expires_before,
        "expires_after": filters.expires_after,
        "organization": None if filters.organization is None else _lower(filters.organization),
        "now": now,
    }


def _lower(text: str) -> str:
    """As SQLite's `lower` does it: the letters of ASCII alone."""
    return "".join(one.lower() if one.isascii() else one for one in text)


def _conditions(
    shape: _Shape, *, ranged: bool = True, days_ranged: bool = True, state_indexed: bool = True
) -> list[ColumnElement[bool]]:
    """The filters as SQL. Without `ranged`, a pattern offers no range, so that a walk from the newest is not given up for one;
    nor do days without `days_ranged`, nor a state without `state_indexed`, or where a name is known as well."""
    ends = record.c.not_after.expression if days_ranged else func.coalesce(record.c.not_after, record.c.not_after)
    known: dict[str, ColumnElement[bool]] = {
        "name_is": record.c.identifier == bindparam("name"),
        "signing_serial": _has_certificate(Usage.SIGNING, "signing"),
        "encryption_serial": _has_certificate(Usage.ENCRYPTION, "encryption"),
        "expires_before": ends < bindparam("expires_before", type_=UtcDateTime),
        "expires_after": ends > bindparam("expires_after", type_=UtcDateTime),
        "organization": func.lower(record.c.organization) == bindparam("organization", type_=String),
    }
    conditions = [condition for name, condition in known.items() if name in shape.present]
    if shape.pattern is not None:
        conditions.extend(_like(shape.pattern, ranged=ranged))
    if shape.status is not None:
        by_state = state_indexed and not shape.names_some
        conditions.append(_status(shape.status, record.c.state.expression if by_state else record.c.state.concat(""), ends))
    return conditions


def _has_certificate(usage: Usage, serial: str) -> ColumnElement[bool]:
    """The record's certificate for this use has the serial: found by the certificates' key, which begins with the issuer."""
    issuers = select(authority.c.id)
    of_serial = and_(certificate.c.authority_id.in_(issuers), certificate.c.serial == bindparam(serial))
    return record.c.id.in_(select(certificate.c.record_id).where(of_serial, certificate.c.usage == usage.value))


def _like(pattern: _Pattern, *, ranged: bool) -> list[ColumnElement[bool]]:
    """The pattern as LIKE, and its fixed beginning or end as a range that an index knows."""
    if pattern is _Pattern.EXACT:
        return [record.c.identifier == bindparam("exact")]
    name, backwards = record.c.identifier, record.c.identifier_reversed
    begins = and_(name >= bindparam("prefix"), name < bindparam("prefix_end"))
    ends = and_(backwards >= bindparam("suffix"), backwards < bindparam("suffix_end"))
    fits = name.like(bindparam("like"), escape="\\")
    if not ranged:
        return [fits]
    offered: dict[_Pattern, list[ColumnElement[bool]]] = {
        _Pattern.ONLY_PREFIX: [begins],
        _Pattern.ONLY_SUFFIX: [ends],
        _Pattern.PREFIX: [fits, begins],
        _Pattern.SUFFIX: [fits, ends],
        _Pattern.INNER: [fits],
    }
    return offered[pattern]


def _status(status: Status, state: ColumnElement[str], ends: ColumnElement[datetime]) -> ColumnElement[bool]:
    """The condition for what `model.status` says."""
    now = bindparam("now", type_=UtcDateTime)
    match status:
        case Status.REVOKED:
            return state == State.REVOKED.value
        case Status.EXPIRED:
            return and_(state != State.REVOKED.value, ends < now)
        case Status.HELD:
            return and_(state == State.HELD.value, ends >= now)
        case Status.SUPERSEDED:
            return and_(state == State.ISSUED.value, record.c.superseded_by.is_not(None), ends >= now)
        case Status.ISSUED:
            return and_(state == State.ISSUED.value, record.c.superseded_by.is_(None), ends >= now)
