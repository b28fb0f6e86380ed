"""The status of the authorities' own certificates, beside them in their table."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from directca.certificates.authority_store import authority
from directca.db.engine import Tx
from directca.db.prepared import Prepared

Standing = tuple[datetime | None, str | None, datetime | None]
"""Since when and why it is revoked, and since when its key is suspect."""

_STANDING = Prepared(
    select(authority.c.revoked_at, authority.c.revocation_reason, authority.c.invalidity_date).where(
        authority.c.id == bindparam("wanted")
    )
)


def standing(tx: Tx, authority_id: str) -> Standing | None:
    """The status of an authority's certificate; None for one that is not registered."""
    return standing_asked(tx, authority_id)()


def standing_asked(tx: Tx, authority_id: str) -> Callable[[], Standing | None]:
    """`standing`, asked for with what is asked besides."""
    rows = _STANDING.asked(tx, {"wanted": authority_id})

    def answer() -> Standing | None:
        found = rows()
        return (found[0].revoked_at, found[0].revocation_reason, found[0].invalidity_date) if found else None

    return answer


def revoke(tx: Tx, authority_id: str, before: Standing, after: Standing) -> bool:
    """Compare-and-swap on what the caller read; False when it is no longer so."""
    columns = (authority.c.revoked_at, authority.c.revocation_reason, authority.c.invalidity_date)
    unchanged = [_is(column, value) for column, value in zip(columns, before, strict=True)]
    values = dict(zip((column.name for column in columns), after, strict=True))
    return tx.execute(update(authority).where(authority.c.id == authority_id, *unchanged).values(**values)).rowcount == 1


def _is(column: Any, value: datetime | str | None) -> Any:
    return column.is_(None) if value is None else column == value
