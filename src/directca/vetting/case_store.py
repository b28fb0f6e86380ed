"""The tables of cases and of their history."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    Select,
    String,
    Table,
    and_,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, index_where, metadata
from directca.direct.oids import OrganizationType
from directca.vetting.case_model import (
    CaseFacts,
    CaseFilter,
    CaseKind,
    CaseState,
    Entry,
    ExistenceEvidence,
    Place,
    Side,
    Step,
    VettingCase,
)
from directca.vetting.store import holds, organization

vetting_case = Table(
    "vetting_case",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("organization_id", String, ForeignKey("organization.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("round", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("submitted_at", UtcDateTime),
    Column("closed_at", UtcDateTime),
    Index(None, "account_id"),
    Index(None, "organization_id"),
    Index(None, "state", "submitted_at"),
    Index(None, "state", "opened_at", "id"),
    Index(None, "opened_at", "id"),
)
# An organization has one undecided case at most, whatever the verbs do.
_UNDECIDED = "closed_at IS NULL"
index_where("uq_vetting_case_undecided", literal_column(_UNDECIDED), vetting_case.c.organization_id, unique=True)

case_entry = Table(
    "case_entry",
    metadata,
    Column("case_id", String, ForeignKey("vetting_case.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("step", String, nullable=False),
    Column("side", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("names", JSON, nullable=False),
    Column("text", String, nullable=False),
    Column("round", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)


def add(tx: Tx, case: VettingCase) -> None:
    """Insert a case."""
    columns = ("id", "account_id", "organization_id", "kind", "state", "round", "revision", "opened_at", "submitted_at")
    values = {name: getattr(case, name) for name in columns}
    tx.execute(insert(vetting_case), values | {"facts": _plain(case.facts), "closed_at": case.closed_at})


def find(tx: Tx, case_id: str) -> VettingCase | None:
    """The case with this identifier."""
    row = tx.execute(select(vetting_case).where(vetting_case.c.id == case_id)).one_or_none()
    return None if row is None else _case(row)


def replace(tx: Tx, before: VettingCase, now: VettingCase) -> bool:
    """Put a case in the place of what it was, if it still is that; whether it was."""
    columns = vetting_case.c
    statement = update(vetting_case).where(
        columns.id == before.id, columns.revision == before.revision, columns.state == before.state
    )
    values = {
        "state": now.state,
        "facts": _plain(now.facts),
        "round": now.round,
        "revision": now.revision,
        "submitted_at": now.submitted_at,
        "closed_at": now.closed_at,
    }
    return tx.execute(statement.values(**values)).rowcount == 1


def open_case(tx: Tx, organization_id: str) -> str | None:
    """The identifier of the organization's undecided case."""
    columns = vetting_case.c
    statement = select(columns.id).where(columns.organization_id == organization_id, columns.closed_at.is_(None))
    found: str | None = tx.execute(statement).scalar_one_or_none()
    return found


def undecided(tx: Tx, account_id: str) -> int:
    """How many undecided cases an account has."""
    columns = vetting_case.c
    statement = select(func.count()).where(columns.account_id == account_id, columns.closed_at.is_(None))
    return int(tx.execute(statement).scalar_one())


def of_account(tx: Tx, account_id: str, most: int) -> tuple[VettingCase, ...]:
    """The cases of an account, newest first."""
    columns = vetting_case.c
    statement = select(vetting_case).where(columns.account_id == account_id)
    return tuple(_case(row) for row in tx.execute(statement.order_by(columns.opened_at.desc(), columns.id).limit(most)))


def in_states(tx: Tx, states: Iterable[CaseState], most: int) -> tuple[VettingCase, ...]:
    """The cases in some states, those that wait longest first."""
    columns = vetting_case.c
    statement = select(vetting_case).where(columns.state.in_([str(one) for one in states]))
    return tuple(_case(row) for row in tx.execute(statement.order_by(columns.submitted_at, columns.id).limit(most)))


def count_in_states(tx: Tx, states: Iterable[CaseState]) -> int:
    """How many cases are in some states."""
    statement = select(func.count()).where(vetting_case.c.state.in_([str(one) for one in states]))
    return int(tx.execute(statement).scalar_one())


def last_approved(tx: Tx, organization_id: str, kinds: Iterable[CaseKind]) -> VettingCase | None:
    """The organization's newest approved case of some kinds."""
    columns = vetting_case.c
    statement = (
        select(vetting_case)
        .where(
            columns.organization_id == organization_id,
            columns.state == CaseState.APPROVED,
            columns.kind.in_([str(one) for one in kinds]),
        )
        .order_by(columns.closed_at.desc(), columns.id)
        .limit(1)
    )
    row = tx.execute(statement).one_or_none()
    return None if row is None else _case(row)


def approved_since(tx: Tx, kind: CaseKind, since: datetime) -> tuple[str, ...]:
    """The organizations with a case of a kind that was approved since a moment."""
    columns = vetting_case.c
    statement = select(columns.organization_id).where(
        columns.state == CaseState.APPROVED, columns.kind == kind, columns.closed_at >= since
    )
    return tuple(tx.execute(statement.order_by(columns.organization_id).distinct()).scalars())


def chosen(tx: Tx, wanted: CaseFilter, after: Place | None, most: int) -> tuple[tuple[VettingCase, str], ...]:
    """The cases that are looked for, newest first, each with the name of its organization, behind a place of the list."""
    columns = vetting_case.c
    statement = _wanted(select(vetting_case, organization.c.legal_name), wanted)
    if after is not None:
        same = and_(columns.opened_at == after.at, columns.id < after.id)
        statement = statement.where(columns.opened_at <= after.at, or_(columns.opened_at < after.at, same))
    rows = tx.execute(statement.order_by(columns.opened_at.desc(), columns.id.desc()).limit(most))
    return tuple((_case(row), row.legal_name) for row in rows)


def longest_waiting(tx: Tx, wanted: CaseFilter, after: Place | None, most: int) -> tuple[tuple[VettingCase, str], ...]:
    """The same of cases that were submitted, those that wait longest first."""
    columns = vetting_case.c
    statement = _wanted(select(vetting_case, organization.c.legal_name), wanted).where(columns.submitted_at.is_not(None))
    if after is not None:
        same = and_(columns.submitted_at == after.at, columns.id > after.id)
        statement = statement.where(columns.submitted_at >= after.at, or_(columns.submitted_at > after.at, same))
    rows = tx.execute(statement.order_by(columns.submitted_at, columns.id).limit(most))
    return tuple((_case(row), row.legal_name) for row in rows)


def count(tx: Tx, wanted: CaseFilter) -> int:
    """How many cases are looked for."""
    return int(tx.execute(_wanted(select(func.count()), wanted)).scalar_one())


def of_organization(tx: Tx, organization_id: str, most: int) -> tuple[VettingCase, ...]:
    """The cases about an organization, newest first."""
    columns = vetting_case.c
    statement = select(vetting_case).where(columns.organization_id == organization_id)
    return tuple(_case(row) for row in tx.execute(statement.order_by(columns.opened_at.desc(), columns.id).limit(most)))


def _wanted(statement: Select[Any], wanted: CaseFilter) -> Select[Any]:
    columns = vetting_case.c
    statement = statement.select_from(vetting_case.join(organization, columns.organization_id == organization.c.id))
    if wanted.states:
        statement = statement.where(columns.state.in_([str(one) for one in wanted.states]))
    if wanted.kind is not None:
        statement = statement.where(columns.kind == wanted.kind)
    return statement.where(holds(wanted.name)) if wanted.name else statement


def add_entry(tx: Tx, case_id: str, entry: Entry) -> int:
    """Add a line to the history of a case; its number, which the history counts from 1."""
    last = tx.execute(select(func.max(case_entry.c.number)).where(case_entry.c.case_id == case_id)).scalar_one_or_none()
    number = (last or 0) + 1
    values = {
        "case_id": case_id,
        "number": number,
        "step": entry.step,
        "side": entry.side,
        "actor": entry.actor,
        "names": list(entry.names),
        "text": entry.text,
        "round": entry.round,
        "at": entry.at,
    }
    tx.execute(insert(case_entry), values)
    return number


def entries(tx: Tx, case_id: str) -> tuple[Entry, ...]:
    """The history of a case, from its beginning."""
    statement = select(case_entry).where(case_entry.c.case_id == case_id).order_by(case_entry.c.number)
    return tuple(
        Entry(Step(row.step), Side(row.side), row.actor, tuple(row.names), row.text, row.round, row.at, row.number)
        for row in tx.execute(statement)
    )


def _plain(facts: CaseFacts) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(facts).items()}


def _case(row: Any) -> VettingCase:
    said = dict(row.facts)
    evidence = said.pop("existence_evidence", None)
    facts = CaseFacts(
        **{
            **said,
            "organizational_units": tuple(said.get("organizational_units", ())),
            "organization_types": tuple(OrganizationType(one) for one in said.get("organization_types", ())),
            "affiliates": tuple(said.get("affiliates", ())),
        },
        existence_evidence=None if evidence is None else ExistenceEvidence(evidence),
    )
    opened_at: datetime = row.opened_at
    return VettingCase(
        id=row.id,
        account_id=row.account_id,
        organization_id=row.organization_id,
        kind=CaseKind(row.kind),
        state=CaseState(row.state),
        facts=facts,
        round=row.round,
        revision=row.revision,
        opened_at=opened_at,
        submitted_at=row.submitted_at,
        closed_at=row.closed_at,
    )
