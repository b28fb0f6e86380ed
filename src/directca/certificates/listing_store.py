"""What the next CRLs list, each entry kept encoded; which lists there are; and the feed of changes of status."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from directca.certificates.authority_store import authority
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata

FULL = ""
"""The name of the list that has every entry of its authority."""

crl_partition = Table(
    "crl_partition",
    metadata,
    Column("authority_id", String, ForeignKey("authority.id"), primary_key=True),
    Column("name", String, primary_key=True),
    # The authority's status version at the last change that this list has to show.
    Column("changed_version", BigInteger, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

crl_entry = Table(
    "crl_entry",
    metadata,
    Column("authority_id", String, primary_key=True),
    Column("partition", String, primary_key=True),
    Column("serial", LargeBinary, primary_key=True),
    Column("der", LargeBinary, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_crl_entry_not_after", "authority_id", "partition", "not_after"),
    sqlite_with_rowid=False,  # the rows lie in the order of the list
)

status_change = Table(
    "status_change",
    metadata,
    Column("authority_id", String, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("serial", String(40), primary_key=True),
    Column("changed_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

_COUNT = Prepared(
    update(authority)
    .where(authority.c.id == bindparam("of"))
    .values(status_version=authority.c.status_version + 1)
    .returning(authority.c.status_version)
)
_ADD_CHANGE = Prepared(insert(status_change))
_TOUCH = Prepared(
    update(crl_partition)
    .where(crl_partition.c.authority_id == bindparam("of"), crl_partition.c.name == bindparam("list"))
    .values(changed_version=bindparam("version"))
)
_ADD_ENTRY = Prepared(insert(crl_entry))
_REMOVE_ENTRY = Prepared(
    delete(crl_entry).where(
        crl_entry.c.authority_id == bindparam("of"),
        crl_entry.c.partition == bindparam("list"),
        crl_entry.c.serial == bindparam("number"),
    )
)
_ENTRIES = Prepared(
    select(crl_entry.c.der)
    .where(crl_entry.c.authority_id == bindparam("of"), crl_entry.c.partition == bindparam("list"))
    .order_by(crl_entry.c.serial)
)
_CHANGES = Prepared(
    select(status_change.c.version, status_change.c.serial)
    .where(status_change.c.authority_id == bindparam("of"), status_change.c.version > bindparam("version"))
    .order_by(status_change.c.version)
)
_COUNT_CHANGES = Prepared(
    select(func.count().label("changes")).where(
        status_change.c.authority_id == bindparam("of"), status_change.c.version > bindparam("version")
    )
)
_VERSION = Prepared(select(authority.c.status_version).where(authority.c.id == bindparam("of")))
_OLDEST_CHANGE = select(func.min(status_change.c.version))

_AT_ONCE = 1000

Entry = tuple[str, bytes, bytes, datetime]
"""The list, the sort key of the serial, the encoded entry, the certificate's notAfter."""


def count_change(tx: Tx, authority_id: str, serials: Sequence[str], at: datetime) -> int:
    """Note in the feed that the status of some certificates changes; the authority's version from then on.

    The authority's row is locked by it until the commit, so versions become visible in their order.
    """
    row = _COUNT.first(tx, {"of": authority_id})
    assert row is not None  # callers name an authority of the register
    version: int = row.status_version
    changes = [{"authority_id": authority_id, "version": version, "serial": serial, "changed_at": at} for serial in serials]
    if changes:
        _ADD_CHANGE.run_many(tx, changes)
    return version


def touch(tx: Tx, authority_id: str, names: Sequence[str], version: int) -> None:
    """Let some lists be behind until they show a version."""
    _TOUCH.run_many(tx, [{"of": authority_id, "list": name, "version": version} for name in names])


def put_entries(tx: Tx, authority_id: str, version: int, entries: Sequence[Entry]) -> None:
    """List some certificates, in place of what is listed of them."""
    remove_entries(tx, authority_id, [(name, number) for name, number, _, _ in entries])
    rows = [
        {"authority_id": authority_id, "partition": name, "serial": number, "der": der, "not_after": end, "version": version}
        for name, number, der, end in entries
    ]
    _ADD_ENTRY.run_many(tx, rows)


def remove_entries(tx: Tx, authority_id: str, places: Sequence[tuple[str, bytes]]) -> None:
    """List some certificates no longer."""
    _REMOVE_ENTRY.run_many(tx, [{"of": authority_id, "list": name, "number": number} for name, number in places])


def entries(tx: Tx, authority_id: str, name: str) -> Iterator[list[bytes]]:
    """The encoded entries of a list, in its order, a thousand at a time."""
    for rows in _ENTRIES.runs(tx, {"of": authority_id, "list": name}, _AT_ONCE):
        yield [der for (der,) in rows]


def forget_expired(tx: Tx, authority_id: str, name: str, *, this_update: datetime, version: int) -> None:
    """Let go of the entries that a list showed which was made past their notAfter: that list's thisUpdate and version."""
    shown = (crl_entry.c.not_after < this_update, crl_entry.c.version <= version)
    tx.execute(delete(crl_entry).where(crl_entry.c.authority_id == authority_id, crl_entry.c.partition == name, *shown))


def partitions(tx: Tx) -> tuple[tuple[str, str, int], ...]:
    """Every list: authority, name, and the version that it has to show."""
    columns = (crl_partition.c.authority_id, crl_partition.c.name, crl_partition.c.changed_version)
    statement = select(*columns).order_by(crl_partition.c.authority_id, crl_partition.c.name)
    return tuple((row.authority_id, row.name, row.changed_version) for row in tx.execute(statement))


def touched_after(tx: Tx, authority_id: str, version: int) -> tuple[tuple[str, int], ...]:
    """The lists that have to show a version after this one."""
    place = (crl_partition.c.authority_id == authority_id, crl_partition.c.changed_version > version)
    statement = select(crl_partition.c.name, crl_partition.c.changed_version).where(*place).order_by(crl_partition.c.name)
    return tuple((row.name, row.changed_version) for row in tx.execute(statement))


def has_entry(tx: Tx, authority_id: str, name: str, number: bytes) -> bool:
    """Whether a list has an entry."""
    place = (crl_entry.c.authority_id == authority_id, crl_entry.c.partition == name, crl_entry.c.serial == number)
    return tx.execute(select(crl_entry.c.version).where(*place)).first() is not None


def changed_version(tx: Tx, authority_id: str, name: str) -> int | None:
    """The version that a list has to show; None for a list that there is not."""
    place = (crl_partition.c.authority_id == authority_id, crl_partition.c.name == name)
    return tx.execute(select(crl_partition.c.changed_version).where(*place)).scalar_one_or_none()


def add_partition(tx: Tx, authority_id: str, name: str, at: datetime) -> None:
    """Begin a list, unless it is there."""
    if changed_version(tx, authority_id, name) is None:
        tx.execute(
            insert(crl_partition),
            {"authority_id": authority_id, "name": name, "changed_version": version_of(tx, authority_id), "created_at": at},
        )


def version_of(tx: Tx, authority_id: str) -> int:
    """How many changes of status the authority's certificates have seen."""
    row = _VERSION.first(tx, {"of": authority_id})
    assert row is not None  # callers name an authority of the register
    version: int = row.status_version
    return version


def changes_after(tx: Tx, authority_id: str, version: int) -> tuple[str, ...]:
    """The serials whose status changed after a version."""
    return tuple(row.serial for row in _CHANGES.rows(tx, {"of": authority_id, "version": version}))


def count_changes_after(tx: Tx, authority_id: str, version: int) -> int:
    """How many changes of status there were after a version."""
    row = _COUNT_CHANGES.first(tx, {"of": authority_id, "version": version})
    return 0 if row is None else row.changes


def oldest_change(tx: Tx, authority_id: str) -> int | None:
    """The first version that the feed still tells of; None while it is empty."""
    return tx.execute(_OLDEST_CHANGE.where(status_change.c.authority_id == authority_id)).scalar_one_or_none()


def forget_changes(tx: Tx, *, before: datetime) -> None:
    """End the feed's memory of what every process has seen long ago."""
    tx.execute(delete(status_change).where(status_change.c.changed_at < before))
