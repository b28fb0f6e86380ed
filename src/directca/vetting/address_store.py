"""The tables of files of addresses, and authorities over mailboxes by the page and by the thousand."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
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
    tuple_,
    update,
)

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, findable, metadata
from directca.vetting.address_model import AddressFilter, AddressUpload, UploadState, WrongRow
from directca.vetting.evidence_store import mailbox_authority
from directca.vetting.model import MailboxAuthority

address_upload = Table(
    "address_upload",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("organization_id", String, ForeignKey("organization.id"), nullable=False),
    Column("state", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("sha256", String(64), nullable=False),
    # The very file: of one that was applied it is kept, since it is the representative's word.
    Column("content", LargeBinary, nullable=False),
    Column("total", Integer, nullable=False),
    Column("checked", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("unchanged", Integer, nullable=False),
    Column("brought_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Index(None, "organization_id", "brought_at"),
    Index(None, "state"),
)

address_upload_row = Table(
    "address_upload_row",
    metadata,
    Column("upload_id", String(32), ForeignKey("address_upload.id"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("column_name", String, nullable=False),
    Column("value", String, nullable=False),
    Column("why", String, nullable=False),
)

_STANDING = mailbox_authority.c.withdrawn_at.is_(None)
_ADD_WRONG = Prepared(insert(address_upload_row))
_ADD_AUTHORITY = Prepared(insert(mailbox_authority))
_END_AUTHORITY = Prepared(
    update(mailbox_authority).where(mailbox_authority.c.id == bindparam("ended")).values(withdrawn_at=bindparam("moment"))
)
_KEPT = (
    *("id", "account_id", "organization_id", "actor", "sha256", "total", "brought_at"),
    *("checked", "wrong", "added", "changed", "unchanged", "settled_at"),
)


def add(tx: Tx, made: AddressUpload) -> None:
    """Insert a file that was brought."""
    values = {name: getattr(made, name) for name in _KEPT}
    tx.execute(insert(address_upload), values | {"state": made.state, "content": made.content})


def find(tx: Tx, upload_id: str, *, with_content: bool = False) -> AddressUpload | None:
    """The file with this identifier; its octets only if they are asked for."""
    columns = [column for column in address_upload.c if with_content or column.name != "content"]
    row = tx.execute(select(*columns).where(address_upload.c.id == findable(upload_id))).one_or_none()
    return None if row is None else _upload(row)


def under_way(tx: Tx, organization_id: str) -> AddressUpload | None:
    """The file of an organization that is still being looked at."""
    columns = [column for column in address_upload.c if column.name != "content"]
    place = (address_upload.c.organization_id == organization_id, address_upload.c.state == UploadState.CHECKING)
    row = tx.execute(select(*columns).where(*place).limit(1)).one_or_none()
    return None if row is None else _upload(row)


def unfinished(tx: Tx) -> tuple[str, ...]:
    """The identifiers of the files that are still being looked at, oldest first."""
    statement = select(address_upload.c.id).where(address_upload.c.state == UploadState.CHECKING)
    return tuple(tx.execute(statement.order_by(address_upload.c.brought_at, address_upload.c.id)).scalars())


def newest(tx: Tx, organization_ids: Sequence[str], limit: int) -> tuple[AddressUpload, ...]:
    """The last files of some organizations, newest first."""
    columns = [column for column in address_upload.c if column.name != "content"]
    statement = select(*columns).where(address_upload.c.organization_id.in_(organization_ids))
    rows = tx.execute(statement.order_by(address_upload.c.brought_at.desc(), address_upload.c.id).limit(limit))
    return tuple(_upload(row) for row in rows)


def note(tx: Tx, before: AddressUpload, checked: int, wrong: Sequence[WrongRow]) -> None:
    """Write down how many rows were looked at by now, and those of them that cannot be taken."""
    place = (address_upload.c.id == before.id, address_upload.c.checked == before.checked)
    tx.execute(update(address_upload).where(*place).values(checked=checked, wrong=address_upload.c.wrong + len(wrong)))
    if wrong:
        rows = [
            {"upload_id": before.id, "line": one.line, "column_name": one.column, "value": one.value, "why": one.why}
            for one in wrong
        ]
        _ADD_WRONG.run_many(tx, rows)


def settle(tx: Tx, now: AddressUpload, *, keep: bool) -> None:
    """End a file; its octets are kept or forgotten."""
    values: dict[str, Any] = {name: getattr(now, name) for name in ("state", "added", "changed", "unchanged", "settled_at")}
    if not keep:
        values["content"] = b""
    tx.execute(update(address_upload).where(address_upload.c.id == now.id).values(**values))


def wrong_rows(tx: Tx, upload_id: str, after: int, limit: int) -> tuple[WrongRow, ...]:
    """Rows that cannot be taken, by line, behind a line."""
    columns = address_upload_row.c
    statement = select(address_upload_row).where(columns.upload_id == upload_id, columns.line > after)
    rows = tx.execute(statement.order_by(columns.line).limit(limit))
    return tuple(WrongRow(row.line, row.column_name, row.value, row.why) for row in rows)


def standing(tx: Tx, organization_id: str, domain: str, mailbox: str) -> MailboxAuthority | None:
    """The authority in force over one mailbox, expired or not."""
    columns = mailbox_authority.c
    place = (columns.organization_id == organization_id, columns.domain == domain, columns.mailbox == mailbox, _STANDING)
    row = tx.execute(select(mailbox_authority).where(*place)).one_or_none()
    return None if row is None else _authority(row)


def all_standing(tx: Tx, organization_id: str, domains: Iterable[str]) -> dict[tuple[str, str], tuple[str, datetime | None]]:
    """Every authority in force in some domains: of which, its identifier and its end."""
    columns = mailbox_authority.c
    wanted = select(columns.domain, columns.mailbox, columns.id, columns.expires_at)
    place = (columns.organization_id == organization_id, columns.domain.in_(sorted(domains)), _STANDING)
    return {(row.domain, row.mailbox): (row.id, row.expires_at) for row in tx.execute(wanted.where(*place))}


def replace_all(tx: Tx, ended: Sequence[str], added: Sequence[MailboxAuthority], at: datetime) -> None:
    """End some authorities and add others."""
    if ended:
        _END_AUTHORITY.run_many(tx, [{"ended": one, "moment": at} for one in ended])
    if added:
        names = ("id", "organization_id", "domain", "mailbox", "granted_at", "expires_at")
        _ADD_AUTHORITY.run_many(tx, [{name: getattr(one, name) for name in names} for one in added])


def page(tx: Tx, organization_id: str, wanted: AddressFilter) -> tuple[MailboxAuthority, ...]:
    """An organization's authorities in force, expired ones too, by domain and mailbox."""
    columns = mailbox_authority.c
    statement = select(mailbox_authority).where(*_place(organization_id, wanted))
    if wanted.after is not None:
        statement = statement.where(tuple_(columns.domain, columns.mailbox) > tuple_(*wanted.after))
    rows = tx.execute(statement.order_by(columns.domain, columns.mailbox).limit(wanted.limit))
    return tuple(_authority(row) for row in rows)


def count(tx: Tx, organization_id: str, wanted: AddressFilter) -> int:
    """How many there are in all."""
    statement = select(func.count()).select_from(mailbox_authority).where(*_place(organization_id, wanted))
    return int(tx.execute(statement).scalar_one())


def _place(organization_id: str, wanted: AddressFilter) -> list[Any]:
    columns = mailbox_authority.c
    place = [columns.organization_id == organization_id, _STANDING]
    if wanted.domain is not None:
        place.append(columns.domain == wanted.domain)
    if wanted.begins is not None:
        place.append(columns.mailbox.startswith(findable(wanted.begins), autoescape=True))
    return place


def _authority(row: Any) -> MailboxAuthority:
    return MailboxAuthority(row.id, row.organization_id, row.domain, row.mailbox, row.granted_at, row.expires_at)


def _upload(row: Any) -> AddressUpload:
    kept = {name: getattr(row, name) for name in _KEPT}
    return AddressUpload(**kept, state=UploadState(row.state), content=getattr(row, "content", b""))
