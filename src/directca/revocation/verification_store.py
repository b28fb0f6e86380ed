"""What the register knows of the lists that it has published, read to be held against what is served."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from directca.db.engine import Tx
from directca.revocation.model import ListId
from directca.revocation.store import crl
from directca.revocation.verification_lists import PublishedList

_PUBLISHED = crl.c.published_at.is_not(None)


def published(tx: Tx, of: ListId, number: int) -> PublishedList | None:
    """The published list with this number."""
    columns = (crl.c.sha256, crl.c.this_update, crl.c.published_at)
    row = tx.execute(select(*columns).where(*_place(of), _PUBLISHED, crl.c.number == number)).first()
    return None if row is None else PublishedList(row.sha256, row.this_update, row.published_at)


def newest_number(tx: Tx, of: ListId, *, published_before: datetime) -> int | None:
    """The highest number that had been published at a moment."""
    statement = select(func.max(crl.c.number)).where(*_place(of), crl.c.published_at < published_before)
    number: int | None = tx.execute(statement).scalar_one()
    return number


def last_before(tx: Tx, of: ListId, number: int) -> datetime | None:
    """The thisUpdate of the list that was published before the one with this number; None when it is the first."""
    statement = (
        select(crl.c.this_update).where(*_place(of), _PUBLISHED, crl.c.number < number).order_by(crl.c.number.desc()).limit(1)
    )
    return tx.execute(statement).scalar_one_or_none()


def _place(of: ListId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return crl.c.authority_id == of.authority_id, crl.c.partition == of.partition
