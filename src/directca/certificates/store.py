"""The register's tables: records, certificates and compromised keys."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from directca.certificates.errors import AlreadySucceeded, IdentifierInUse, StateChanged
from directca.certificates.model import Certificate, Record, State, Usage
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, index_where, metadata
from directca.direct.names import Kind
from directca.errors import DirectCAError
from directca.pki.reasons import RevocationReason

record = Table(
    "record",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String, nullable=False),
    Column("organization_id", String, nullable=False),
    Column("identifier", String(64), nullable=False),
    Column("identifier_reversed", String(64), nullable=False),
    Column("kind", String, nullable=False),
    Column("organization", String, nullable=False),
    Column("organization_type", String, nullable=False),
    Column("subject_dn", String, nullable=False),
    Column("issuer_dn", String, nullable=False),
    Column("authority_id", String, ForeignKey("authority.id"), nullable=False),
    Column("state", String, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("duration_years", Integer, nullable=False),
    Column("order_id", String, nullable=False),
    Column("signing_serial", String(40), nullable=False),
    Column("encryption_serial", String(40), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("position", BigInteger),
    Column("current", Boolean, nullable=False),
    Column("supersedes", String(32), ForeignKey("record.id")),
    Column("superseded_by", String(32), ForeignKey("record.id")),
    Column("revoke_at", UtcDateTime),
    Column("revocation_reason", String),
    Column("revoked_at", UtcDateTime),
    Column("settled", Boolean, nullable=False),
    Column("invalidity_date", UtcDateTime),
    # The history of a name, whoever holds it: each issue and each retrieval asks for it.
    Index("ix_record_identifier", "identifier"),
    Index("ix_record_organization", "organization_id", "settled"),
)

# An intent has no position and is in none of these four, so that a record is written into each of them once. A statement that
# wants one of them says `KNOWN`.
KNOWN = record.c.position.is_not(None)
index_where("uq_record_position", KNOWN, record.c.position, unique=True)
# The walk of a query: an account's records, newest first, with the name at hand for `LIKE`.
index_where("ix_record_account", KNOWN, record.c.account_id, record.c.position, record.c.identifier)
index_where("ix_record_account_identifier", KNOWN, record.c.account_id, record.c.identifier, record.c.position)
index_where("ix_record_account_reversed", KNOWN, record.c.account_id, record.c.identifier_reversed, record.c.position)
index_where("uq_record_current", record.c.current.is_(True), record.c.identifier, unique=True)
# What an account has: counted where it has a quota.
index_where(
    "ix_record_account_current",
    and_(record.c.current.is_(True), KNOWN),
    record.c.account_id,
    record.c.state,
    record.c.not_after,
)
index_where("uq_record_successor", record.c.supersedes.is_not(None), record.c.supersedes, unique=True)
# Few records are not issued. A statement that wants this index says so in these words; a parameter would not be the same.
_NOT_ISSUED = record.c.state != literal(State.ISSUED.value, literal_execute=True)
index_where("ix_record_not_issued", _NOT_ISSUED, record.c.authority_id, record.c.state, record.c.not_after)
index_where("ix_record_revoke_at", record.c.revoke_at.is_not(None), record.c.revoke_at)

certificate = Table(
    "certificate",
    metadata,
    Column("authority_id", String, ForeignKey("authority.id"), primary_key=True),
    Column("serial", String(40), primary_key=True),
    Column("record_id", String(32), ForeignKey("record.id"), nullable=False),
    Column("usage", String, nullable=False),
    Column("modulus_sha256", String(64), nullable=False),
    Column("tbs_sha256", String(64), nullable=False),
    Column("tbs", LargeBinary),
    Column("der", LargeBinary),
    Column("crl_partition", String, nullable=False, server_default=""),
    Index("ix_certificate_spki", "modulus_sha256"),
)

compromised_key = Table(
    "compromised_key",
    metadata,
    Column("modulus_sha256", String(64), primary_key=True),
    Column("record_id", String(32), ForeignKey("record.id")),
    Column("recorded_at", UtcDateTime, nullable=False),
)

_FIELDS = tuple(field.name for field in fields(Record))
RECORD_COLUMNS = [record.c[name] for name in _FIELDS]
_CERTIFICATE = [certificate.c[field.name] for field in fields(Certificate)]

_INSERT_RECORD = Prepared(insert(record))
_INSERT_CERTIFICATE = Prepared(insert(certificate))
_ISSUE_CERTIFICATE = Prepared(
    update(certificate)
    .where(certificate.c.authority_id == bindparam("a"), certificate.c.serial == bindparam("s"))
    .values(der=bindparam("new_der"), tbs=None)
)
_BY_ID = Prepared(select(*RECORD_COLUMNS).where(record.c.id == bindparam("wanted")))
_BY_IDENTIFIER = Prepared(
    select(*RECORD_COLUMNS).where(record.c.identifier == bindparam("wanted")).order_by(record.c.position.desc())
)
_CURRENT = Prepared(select(*RECORD_COLUMNS).where(record.c.identifier == bindparam("wanted"), record.c.current.is_(True)))
OF_A_RECORD = and_(
    certificate.c.authority_id == bindparam("authority"),
    or_(certificate.c.serial == bindparam("signing"), certificate.c.serial == bindparam("encryption")),
)
_PAIR = Prepared(select(*_CERTIFICATE).where(OF_A_RECORD))
_PARTITIONS = Prepared(select(certificate.c.serial, certificate.c.crl_partition).where(OF_A_RECORD))
_STANDING = Prepared(
    select(record.c.state, record.c.created_at, record.c.revoked_at, record.c.revocation_reason, record.c.invalidity_date)
    .join(certificate, certificate.c.record_id == record.c.id)
    .where(certificate.c.authority_id == bindparam("authority"), certificate.c.serial == bindparam("wanted"))
)
_NEXT_POSITION = select(func.coalesce(func.max(record.c.position), 0) + 1).where(KNOWN).scalar_subquery()
IS_ONE_OF_TWO = or_(compromised_key.c.modulus_sha256 == bindparam("one"), compromised_key.c.modulus_sha256 == bindparam("other"))
_HELD = (func.count().label("pairs"), func.min(record.c.not_after).label("first_ends"))
_STANDING_OF_ACCOUNT = select(*_HELD).where(
    record.c.account_id == bindparam("account"),
    record.c.current.is_(True),
    KNOWN,
    or_(record.c.state == State.ISSUED.value, record.c.state == State.HELD.value),
    record.c.not_after >= bindparam("moment"),
)
_INTENDED_OF_ACCOUNT = select(*_HELD).where(
    record.c.authority_id == bindparam("authority"),
    _NOT_ISSUED,
    record.c.state == State.INTENDED.value,
    record.c.current.is_(True),
    record.c.account_id == bindparam("account"),
)
_HAS_ISSUED = Prepared(
    select(record.c.id).where(record.c.organization_id == bindparam("organization"), record.c.settled.is_(False), KNOWN).limit(1)
)


# --- records ---------------------------------------------------------------------------------------------------------------


def add_intent(tx: Tx, intent: Record, pair: Sequence[Certificate]) -> None:
    """Store a record and its two certificates before they are signed, by the end of the block.

    Raises IdentifierInUse when another record is current for the name, AlreadySucceeded when another record already supersedes
    the same predecessor, and so may what comes after it: the unique indexes decide races.
    """

    def quicker(_broken: IntegrityError) -> DirectCAError:
        if intent.supersedes is not None:
            return AlreadySucceeded(f"{intent.identifier} is being renewed or reissued by another request.")
        return IdentifierInUse(f"{intent.identifier} was taken by another request at this moment.", field="commonName")

    _INSERT_RECORD.run_later(tx, {**vars(intent), "identifier_reversed": intent.identifier[::-1]}, quicker)
    _INSERT_CERTIFICATE.run_many(tx, [vars(one) for one in pair])


def add_signatures(tx: Tx, pair: Sequence[Certificate]) -> None:
    """Store the two signed certificates over their intents."""
    _ISSUE_CERTIFICATE.run_many(tx, [{"a": one.authority_id, "s": one.serial, "new_der": one.der} for one in pair])


def issue(tx: Tx, intent: Record, pair: Sequence[Certificate], now: datetime) -> Callable[[], Record]:
    """Make an intent a record that stands. What this returns is called for it, and raises StateChanged when the intent was
    settled meanwhile, or a key is compromised."""
    one, other = (certificate.modulus_sha256 for certificate in pair)
    return _moving(tx, intent, State.ISSUED, {"one": one, "other": other}, {"current": True, "updated_at": now})


def move(tx: Tx, before: Record, target: State, **changes: Any) -> Record:
    """Compare-and-swap a record to a state, with other fields; raises StateChanged when it is no longer what `before` says.

    A record that becomes known (it leaves INTENDED) gets the next position of the register. Answers the record as it is now.
    """
    return _moving(tx, before, target, {}, changes)()


def _moving(
    tx: Tx, before: Record, target: State, unless_compromised: Mapping[str, str], changes: Mapping[str, Any]
) -> Callable[[], Record]:
    """`move`, unless a key of those named is compromised; asked for with what is asked besides."""
    wanted = {"state": target, **changes}
    # What stays as it is stays out of the statement: SQLite writes each index anew whose columns are named.
    differing = {name: value for name, value in wanted.items() if value != getattr(before, name)} or wanted
    becomes_known = before.state is State.INTENDED
    statement = _move_statement(tuple(differing), becomes_known=becomes_known, of_sound_keys=bool(unless_compromised))
    moved = {f"new_{name}": value for name, value in differing.items()}
    moved |= {"old_id": before.id, "old_state": before.state, "old_updated_at": before.updated_at, **unless_compromised}
    rows = statement.asked(tx, moved)

    def moved_to() -> Record:
        found = rows()
        if not found:
            raise StateChanged(f"{before.identifier} changed at the same moment; look at it again.")
        return Record(**{**vars(before), "state": target, "position": found[0].position, **changes})

    return moved_to


@lru_cache(maxsize=64)
def _move_statement(names: tuple[str, ...], *, becomes_known: bool, of_sound_keys: bool) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=record.c[name].type) for name in names}
    if becomes_known:
        values["position"] = _NEXT_POSITION
    unchanged = and_(
        record.c.id == bindparam("old_id"),
        record.c.state == bindparam("old_state"),
        record.c.updated_at == bindparam("old_updated_at"),
    )
    sound = (~exists().where(IS_ONE_OF_TWO),) if of_sound_keys else ()
    return Prepared(update(record).where(unchanged, *sound).values(**values).returning(record.c.position))


def relink(tx: Tx, before: Record, **changes: Any) -> Record:
    """Change a record's links (`current`, `superseded_by`, `revoke_at`), leaving its state; compare-and-swap as `move`."""
    return move(tx, before, before.state, **changes)


def by_id(tx: Tx, record_id: str) -> Record | None:
    """The record with this id."""
    row = _BY_ID.first(tx, {"wanted": record_id})
    return None if row is None else record_from(row)


def by_identifier(tx: Tx, identifier: str) -> tuple[Record, ...]:
    """Every record of a name, whoever holds it, newest first, intents last."""
    return tuple(record_from(row) for row in _BY_IDENTIFIER.rows(tx, {"wanted": identifier}))


def current(tx: Tx, identifier: str) -> Record | None:
    """The record that the name stands for now."""
    row = _CURRENT.first(tx, {"wanted": identifier})
    return None if row is None else record_from(row)


def certificates_of(tx: Tx, records: Sequence[Record]) -> dict[str, dict[Usage, Certificate]]:
    """The certificates of some records, by record id and usage. They are found by the serials that the records name."""
    found: dict[str, dict[Usage, Certificate]] = {}
    for of in records:
        for row in _PAIR.rows(tx, serials_of(of)):
            one = Certificate(
                row.authority_id,
                row.serial,
                row.record_id,
                Usage(row.usage),
                row.modulus_sha256,
                row.tbs_sha256,
                row.tbs,
                row.der,
                row.crl_partition,
            )
            found.setdefault(of.id, {})[one.usage] = one
    return found


def serials_of(of: Record) -> dict[str, str]:
    """The values of `OF_A_RECORD`."""
    return {"authority": of.authority_id, "signing": of.signing_serial, "encryption": of.encryption_serial}


def intents(tx: Tx, *, before: datetime, limit: int = 100) -> tuple[Record, ...]:
    """Records that are still only intended although they began before a moment, oldest first."""
    condition = and_(_NOT_ISSUED, record.c.state == State.INTENDED.value, record.c.created_at < before)
    statement = select(*RECORD_COLUMNS).where(condition).order_by(record.c.created_at).limit(limit)
    return tuple(record_from(row) for row in tx.execute(statement))


def held_by_account(tx: Tx, authority_id: str, account_id: str, now: datetime) -> tuple[int, datetime | None]:
    """How many names of an account have a pair that stands or is being made, and when the first of these ends."""
    wanted = {"authority": authority_id, "account": account_id, "moment": now}
    rows = [tx.execute(statement, wanted).one() for statement in (_STANDING_OF_ACCOUNT, _INTENDED_OF_ACCOUNT)]
    ends = [row.first_ends for row in rows if row.first_ends is not None]
    return sum(row.pairs for row in rows), min(ends, default=None)


def due_for_revocation(tx: Tx, now: datetime, *, limit: int = 100) -> tuple[Record, ...]:
    """Superseded pairs whose overlap has ended."""
    statement = select(*RECORD_COLUMNS).where(record.c.revoke_at <= now).order_by(record.c.revoke_at).limit(limit)
    return tuple(record_from(row) for row in tx.execute(statement))


def held_since(tx: Tx, before: datetime, *, limit: int = 100) -> tuple[Record, ...]:
    """Pairs that are held since before a moment."""
    condition = and_(_NOT_ISSUED, record.c.state == State.HELD.value, record.c.revoked_at < before)
    return tuple(record_from(row) for row in tx.execute(select(*RECORD_COLUMNS).where(condition).limit(limit)))


def has_issued(tx: Tx, organization_id: str) -> bool:
    """Whether the organization has a record that was issued."""
    return _HAS_ISSUED.first(tx, {"organization": organization_id}) is not None


def of_organization(tx: Tx, organization_id: str) -> tuple[Record, ...]:
    """The pairs of an organization that are issued or held."""
    condition = and_(
        record.c.organization_id == organization_id,
        record.c.state.in_([State.ISSUED.value, State.HELD.value]),
    )
    return tuple(record_from(row) for row in tx.execute(select(*RECORD_COLUMNS).where(condition)))


def listable(tx: Tx, of: Record) -> tuple[tuple[str, str], ...]:
    """The serials of a record, each with the partition that its certificate was issued into."""
    return tuple((row.serial, row.crl_partition) for row in _PARTITIONS.rows(tx, serials_of(of)))


class StandingRow(NamedTuple):
    """What the status of one certificate follows from."""

    state: State
    created_at: datetime
    revoked_at: datetime | None
    revocation_reason: RevocationReason | None
    invalidity_date: datetime | None


def standing(tx: Tx, authority_id: str, serial: str) -> StandingRow | None:
    """What the register knows of the certificate with this serial; None when there is none."""
    row = _STANDING.first(tx, {"authority": authority_id, "wanted": serial})
    if row is None:
        return None
    reason = None if row.revocation_reason is None else RevocationReason(row.revocation_reason)
    return StandingRow(State(row.state), row.created_at, row.revoked_at, reason, row.invalidity_date)


def record_from(row: Any) -> Record:
    """A row of RECORD_COLUMNS as a record."""
    values = {name: getattr(row, name) for name in _FIELDS}
    values["kind"] = Kind(values["kind"])
    values["state"] = State(values["state"])
    if values["revocation_reason"] is not None:
        values["revocation_reason"] = RevocationReason(values["revocation_reason"])
    return Record(**values)
