"""The CRLs: each number once, what was intended before it was signed, and what is published."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from directca.db import long_values
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata
from directca.revocation.model import Crl, ListFacts, ListId

crl = Table(
    "crl",
    metadata,
    Column("authority_id", String, ForeignKey("authority.id"), primary_key=True),
    Column("partition", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("this_update", UtcDateTime, nullable=False),
    Column("next_update", UtcDateTime, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("status_version", BigInteger, nullable=False),
    Column("points", String, nullable=False),
    Column("tbs_sha256", String(64), nullable=False),
    Column("sha256", String(64)),
    # Of the published list and the one before it only: what a list said follows from the records, and its hash stays.
    Column("der", LargeBinary),
    Column("published_at", UtcDateTime),
    Index("ix_crl_published", "authority_id", "partition", "published_at", "number"),
)

_FACTS = (
    crl.c.authority_id,
    crl.c.partition,
    crl.c.number,
    crl.c.this_update,
    crl.c.next_update,
    crl.c.entries,
    crl.c.status_version,
    crl.c.points,
    crl.c.sha256,
)
_PUBLISHED = (
    crl.c.authority_id == bindparam("authority"),
    crl.c.partition == bindparam("list"),
    crl.c.published_at.is_not(None),
)
_NEWEST = Prepared(select(*_FACTS).where(*_PUBLISHED).order_by(crl.c.number.desc()).limit(1))
_NEWEST_USE = Prepared(
    select(crl.c.published_at, crl.c.this_update, crl.c.next_update, crl.c.points)
    .where(*_PUBLISHED)
    .order_by(crl.c.number.desc())
    .limit(1)
)


def last_number(tx: Tx, of: ListId) -> int:
    """The highest number that was ever reserved, 0 before the first."""
    return tx.execute(select(func.max(crl.c.number)).where(*_place(of))).scalar_one() or 0


def add_intent(tx: Tx, intent: ListFacts, tbs_sha256: str) -> bool:
    """Reserve a number for a list that is going to be signed; False when another process has it."""
    values = {
        "authority_id": intent.of.authority_id,
        "partition": intent.of.partition,
        "number": intent.number,
        "this_update": intent.this_update,
        "next_update": intent.next_update,
        "entries": intent.entries,
        "status_version": intent.status_version,
        "points": "\n".join(intent.points),
        "tbs_sha256": tbs_sha256,
    }
    try:
        with tx.begin_nested():
            tx.execute(insert(crl), values)
    except IntegrityError:
        return False
    return True


def publish(tx: Tx, signed: Crl, at: datetime) -> bool:
    """Make a signed list the published one unless that has a higher number, a later time or newer facts (invariant 12).

    A list whose process paused between reading the facts and taking its number has a high number and old facts.
    """
    facts = signed.facts
    before = newest(tx, facts.of)
    if before is not None and not _comes_after(facts, before):
        return False
    place = (*_place(facts.of), crl.c.number == facts.number)
    if tx.execute(update(crl).where(*place).values(sha256=facts.sha256, published_at=at)).rowcount != 1:
        return False
    long_values.put(tx, crl.c.der, place, signed.der)
    if before is not None:
        older = (*_place(facts.of), crl.c.number < before.number, crl.c.der.is_not(None))
        tx.execute(update(crl).where(*older).values(der=None))
    return True


def _comes_after(signed: ListFacts, before: ListFacts) -> bool:
    moves_on = signed.number > before.number and signed.this_update >= before.this_update
    return moves_on and signed.status_version >= before.status_version


def newest(tx: Tx, of: ListId) -> ListFacts | None:
    """What is known of the list that is served."""
    row = _NEWEST.first(tx, {"authority": of.authority_id, "list": of.partition})
    if row is None:
        return None
    return ListFacts(
        of=ListId(row.authority_id, row.partition),
        number=row.number,
        this_update=row.this_update,
        next_update=row.next_update,
        entries=row.entries,
        status_version=row.status_version,
        points=tuple(row.points.split("\n")) if row.points else (),
        sha256=row.sha256,
    )


def der_of(tx: Tx, facts: ListFacts) -> bytes | None:
    """The bytes of a list, None once they are dropped."""
    statement = select(crl.c.der).where(*_place(facts.of), crl.c.number == facts.number)
    return tx.execute(statement).scalar_one_or_none()


class Use(NamedTuple):
    """When a list was published, from when and until when it may be used, and which URIs it names."""

    published_at: datetime
    this_update: datetime
    next_update: datetime
    points: tuple[str, ...]


def newest_use_asked(tx: Tx, of: ListId) -> Callable[[], Use | None]:
    """What is to be known before certificates name the list that is served, asked for with what is asked besides."""
    rows = _NEWEST_USE.asked(tx, {"authority": of.authority_id, "list": of.partition})

    def answer() -> Use | None:
        found = rows()
        if not found:
            return None
        row = found[0]
        return Use(row.published_at, row.this_update, row.next_update, tuple(row.points.split("\n")) if row.points else ())

    return answer


def withdraw(tx: Tx, of: ListId, *, dated_after: datetime) -> tuple[int, ...]:
    """Let published lists that are dated after a moment count as never published; their numbers stay used. Answers those."""
    dated = (*_place(of), crl.c.published_at.is_not(None), crl.c.this_update > dated_after)
    statement = update(crl).where(*dated).values(published_at=None, der=None).returning(crl.c.number)
    return tuple(sorted(tx.execute(statement).scalars()))


def _place(of: ListId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return crl.c.authority_id == of.authority_id, crl.c.partition == of.partition
