"""The query's SQL: which positions match, how many, and the records at them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select

from directca.certificates.filters import Filters, Window
from directca.certificates.model import Record, State, Status
from directca.certificates.store import RECORD_COLUMNS, record, record_from
from directca.db.engine import Tx

_FEW = 20_000
"""Up to so many matches are looked up by name and then sorted; more are met soon enough on a walk from the newest."""


def last_position(tx: Tx, account_id: str) -> int:
    """The position of the account's newest record, 0 without one."""
    statement = select(func.max(record.c.position)).where(record.c.account_id == account_id)
    return tx.execute(statement).scalar_one() or 0


def count(tx: Tx, account_id: str, filters: Filters, now: datetime, *, after: int) -> int:
    """How many records behind a position match."""
    statement = select(func.count()).select_from(record).where(record.c.account_id == account_id, record.c.position > after)
    return tx.execute(statement.where(*_conditions(filters, now))).scalar_one()


def positions(tx: Tx, account_id: str, filters: Filters, window: Window, now: datetime, *, expected: int) -> list[int]:
    """The positions of one page: newest first, or oldest first when the window looks `after` a position."""
    statement = select(record.c.position).where(record.c.account_id == account_id, *_conditions(filters, now))
    # `position + 0` keeps the planner from walking the whole account in order when a name or serial finds few rows at once.
    by_name = expected <= _FEW and filters.name_like is not None
    order: ColumnElement[int] = record.c.position + 0 if by_name else record.c.position
    return [row.position for row in tx.execute(_bounded(statement, window, order))]


def at_positions(tx: Tx, wanted: Sequence[int]) -> tuple[Record, ...]:
    """The records at these positions, in this order."""
    if not wanted:
        return ()
    rows = tx.execute(select(*RECORD_COLUMNS).where(record.c.position.in_(wanted)))
    found = {row.position: record_from(row) for row in rows}
    return tuple(found[position] for position in wanted)


def _bounded(statement: Select[tuple[int]], window: Window, order: ColumnElement[int]) -> Select[tuple[int]]:
    if window.after is not None:
        return statement.where(record.c.position > window.after).order_by(order.asc()).limit(window.limit)
    if window.before is not None:
        return statement.where(record.c.position < window.before).order_by(order.desc()).limit(window.limit)
    return statement.where(record.c.position.is_not(None)).order_by(order.desc()).limit(window.limit).offset(window.offset)


def _conditions(filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.name_is is not None:
        conditions.append(record.c.identifier == filters.name_is)
    if filters.name_like is not None:
        conditions.extend(_like(filters.name_like))
    if filters.signing_serial is not None:
        conditions.append(record.c.signing_serial == filters.signing_serial)
    if filters.encryption_serial is not None:
        conditions.append(record.c.encryption_serial == filters.encryption_serial)
    if filters.status is not None:
        conditions.append(_status(filters.status, now))
    if filters.expires_before is not None:
        conditions.append(record.c.not_after < filters.expires_before)
    if filters.expires_after is not None:
        conditions.append(record.c.not_after > filters.expires_after)
    if filters.organization is not None:
        conditions.append(func.lower(record.c.organization) == filters.organization.lower())
    return conditions


def _like(pattern: str) -> list[ColumnElement[bool]]:
    """The pattern as LIKE, and its fixed beginning or end as a range that an index knows."""
    if "*" not in pattern:
        return [record.c.identifier == pattern]
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    conditions: list[ColumnElement[bool]] = [record.c.identifier.like(escaped, escape="\\")]
    prefix, suffix = pattern.split("*", 1)[0], pattern.rsplit("*", 1)[1]
    if prefix:
        conditions.append(and_(record.c.identifier >= prefix, record.c.identifier < prefix + "\x7f"))
    elif suffix:
        backwards = suffix[::-1]
        reversed_name = record.c.identifier_reversed
        conditions.append(and_(reversed_name >= backwards, reversed_name < backwards + "\x7f"))
    return conditions


def _status(status: Status, now: datetime) -> ColumnElement[bool]:
    """The condition for what `model.status` says."""
    state, valid = record.c.state, record.c.not_after >= now
    match status:
        case Status.REVOKED:
            return state == State.REVOKED.value
        case Status.EXPIRED:
            return and_(state != State.REVOKED.value, record.c.not_after < now)
        case Status.HELD:
            return and_(state == State.HELD.value, valid)
        case Status.SUPERSEDED:
            return and_(state == State.ISSUED.value, record.c.superseded_by.is_not(None), valid)
        case Status.ISSUED:
            return and_(state == State.ISSUED.value, record.c.superseded_by.is_(None), valid)
