"""The tables of proposals, of the pairs that they are about, and of what others say of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, index_where, metadata
from directca.vetting.case_model import Place
from directca.vetting.proposal_model import Answer, Opinion, Proposal, ProposalKind, ProposalState

proposal = Table(
    "proposal",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("account_id", String, ForeignKey("account.id")),
    Column("content", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("pairs", Integer, nullable=False),
    Column("plan", JSON, nullable=False),
    Column("reason", String, nullable=False),
    Column("proposed_by", String, nullable=False),
    Column("proposer_names", JSON, nullable=False),
    Column("via", String, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("confirmations_needed", Integer, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("result", String),
    Index(None, "state", "proposed_at"),
    Index(None, "proposed_at"),
    Index(None, "account_id"),
)
# The very same is proposed once at a time, whatever the verbs do.
index_where("uq_proposal_open", literal_column("state = 'open'"), proposal.c.digest, unique=True)

proposal_record = Table(
    "proposal_record",
    metadata,
    Column("proposal_id", String(32), ForeignKey("proposal.id"), primary_key=True),
    Column("record_id", String(32), ForeignKey("record.id"), primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Index(None, "proposal_id", "account_id"),
)

proposal_opinion = Table(
    "proposal_opinion",
    metadata,
    Column("proposal_id", String(32), ForeignKey("proposal.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("answer", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("names", JSON, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

TOLD = (ProposalState.OPEN, ProposalState.CONFIRMED, ProposalState.REFUSED, ProposalState.EXPIRED)
"""Where an issue stands of which its applicant is told; what has come to a pair is an order."""

_ADD_RECORD = Prepared(insert(proposal_record))
_OWN = tuple(column.name for column in proposal.c)


def add(tx: Tx, made: Proposal, records: Iterable[tuple[str, str]]) -> None:
    """Insert a proposal with the pairs that it is about."""
    values = {name: getattr(made, name) for name in _OWN}
    values |= {"proposer_names": list(made.proposer_names), "plan": dict(made.plan)}
    tx.execute(insert(proposal), values)
    rows = [{"proposal_id": made.id, "record_id": record, "account_id": account} for record, account in records]
    if rows:
        _ADD_RECORD.run_many(tx, rows)


def find(tx: Tx, proposal_id: str) -> Proposal | None:
    """The proposal with this identifier."""
    row = tx.execute(select(proposal).where(proposal.c.id == proposal_id)).one_or_none()
    return None if row is None else _proposal(tx, row)


def open_like(tx: Tx, digest: str) -> Proposal | None:
    """The open proposal of the very same."""
    statement = select(proposal).where(proposal.c.digest == digest, proposal.c.state == ProposalState.OPEN)
    row = tx.execute(statement).one_or_none()
    return None if row is None else _proposal(tx, row)


def confirmed_like(tx: Tx, digest: str, since: datetime) -> Proposal | None:
    """The last one of the very same that was confirmed since a moment, and not done."""
    columns = proposal.c
    statement = select(proposal).where(
        columns.digest == digest, columns.state == ProposalState.CONFIRMED, columns.closed_at >= since
    )
    row = tx.execute(statement.order_by(columns.closed_at.desc()).limit(1)).one_or_none()
    return None if row is None else _proposal(tx, row)


def in_state(tx: Tx, state: ProposalState, most: int, but: ProposalKind | None = None) -> tuple[Proposal, ...]:
    """Those in a state, the oldest first; without those of a kind."""
    those = (proposal.c.state == state, *(() if but is None else (proposal.c.kind != but,)))
    statement = select(proposal).where(*those).order_by(proposal.c.proposed_at, proposal.c.id).limit(most)
    return tuple(_proposal(tx, row) for row in tx.execute(statement).all())


def open_after(tx: Tx, now: datetime, after: Place | None, most: int) -> tuple[Proposal, ...]:
    """Those that wait at a moment, the oldest first, behind the one of a place."""
    columns = proposal.c
    wanted = [columns.state == ProposalState.OPEN, columns.expires_at > now]
    if after is not None:
        same = and_(columns.proposed_at == after.at, columns.id > after.id)
        wanted.append(or_(columns.proposed_at > after.at, same))
    statement = select(proposal).where(*wanted).order_by(columns.proposed_at, columns.id).limit(most)
    return tuple(_proposal(tx, row) for row in tx.execute(statement).all())


def count_open(tx: Tx, now: datetime) -> int:
    """How many wait at a moment."""
    columns = proposal.c
    wanted = (columns.state == ProposalState.OPEN, columns.expires_at > now)
    return int(tx.execute(select(func.count()).select_from(proposal).where(*wanted)).scalar_one())


def count_issues(tx: Tx, account_id: str, now: datetime) -> int:
    """How many issues of an account wait at a moment."""
    columns = proposal.c
    of_account = (columns.account_id == account_id, columns.kind == ProposalKind.ISSUANCE)
    wanted = (*of_account, columns.state == ProposalState.OPEN, columns.expires_at > now)
    return int(tx.execute(select(func.count()).select_from(proposal).where(*wanted)).scalar_one())


def issues_since(tx: Tx, account_id: str, since: datetime, most: int) -> tuple[Proposal, ...]:
    """The issues of an account that were proposed since a moment and have not come to a pair, newest first."""
    columns = proposal.c
    of_account = (columns.account_id == account_id, columns.kind == ProposalKind.ISSUANCE)
    wanted = (*of_account, columns.proposed_at >= since, columns.state.in_(TOLD))
    statement = select(proposal).where(*wanted).order_by(columns.proposed_at.desc(), columns.id).limit(most)
    return tuple(_proposal(tx, row) for row in tx.execute(statement).all())


def used_by(tx: Tx, account_id: str, order_id: str) -> Proposal | None:
    """The approval that an order of an account used up."""
    columns = proposal.c
    used = (columns.kind == ProposalKind.ISSUANCE, columns.state == ProposalState.DONE, columns.result == order_id)
    row = tx.execute(select(proposal).where(columns.account_id == account_id, *used)).one_or_none()
    return None if row is None else _proposal(tx, row)


def newest_closed(tx: Tx, most: int) -> tuple[Proposal, ...]:
    """The last that are not open any more, newest first."""
    statement = select(proposal).where(proposal.c.state != ProposalState.OPEN)
    rows = tx.execute(statement.order_by(proposal.c.proposed_at.desc(), proposal.c.id).limit(most)).all()
    return tuple(_proposal(tx, row) for row in rows)


def expired(tx: Tx, now: datetime) -> tuple[Proposal, ...]:
    """Those that are open and whose time is over."""
    statement = select(proposal).where(proposal.c.state == ProposalState.OPEN, proposal.c.expires_at <= now)
    return tuple(_proposal(tx, row) for row in tx.execute(statement).all())


def move(tx: Tx, before: Proposal, after: ProposalState, at: datetime, result: str | None = None) -> bool:
    """Change where a proposal stands, if it still stands as `before` says; whether it did."""
    statement = update(proposal).where(proposal.c.id == before.id, proposal.c.state == before.state)
    return tx.execute(statement.values(state=after, closed_at=at, result=result)).rowcount == 1


def add_opinion(tx: Tx, proposal_id: str, number: int, said: Opinion) -> None:
    """Add what somebody said."""
    values = {
        "proposal_id": proposal_id,
        "number": number,
        "answer": said.answer,
        "actor": said.actor,
        "names": list(said.names),
        "reason": said.reason,
        "at": said.at,
    }
    tx.execute(insert(proposal_opinion), values)


def records(tx: Tx, proposal_id: str) -> list[str]:
    """The pairs that a proposal is about."""
    columns = proposal_record.c
    return list(
        tx.execute(select(columns.record_id).where(columns.proposal_id == proposal_id).order_by(columns.record_id)).scalars()
    )


def touches(tx: Tx, proposal_id: str, account_id: str) -> bool:
    """Whether one of its pairs is of this account."""
    columns = proposal_record.c
    statement = select(columns.record_id).where(columns.proposal_id == proposal_id, columns.account_id == account_id)
    return tx.execute(statement.limit(1)).one_or_none() is not None


def _proposal(tx: Tx, row: Any) -> Proposal:
    said = select(proposal_opinion).where(proposal_opinion.c.proposal_id == row.id).order_by(proposal_opinion.c.number)
    opinions = tuple(
        Opinion(Answer(one.answer), one.actor, tuple(one.names), one.reason, one.at) for one in tx.execute(said).all()
    )
    values = {name: getattr(row, name) for name in _OWN}
    values |= {
        "kind": ProposalKind(row.kind),
        "state": ProposalState(row.state),
        "proposer_names": tuple(row.proposer_names),
        "opinions": opinions,
    }
    return Proposal(**values)
