"""The tables of who wants which events by mail, and of the letters: one for each event and person."""

from collections.abc import Mapping, Sequence
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
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, index_where, metadata
from directca.notices.letter_model import EventLetter, LetterState

letter_choice = Table(
    "letter_choice",
    metadata,
    Column("person_id", String(32), ForeignKey("person.id"), primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False, index=True),
    Column("kinds", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

event_letter = Table(
    "event_letter",
    metadata,
    Column("person_id", String(32), ForeignKey("person.id"), primary_key=True),
    Column("event_id", String(32), primary_key=True),
    Column("subject", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Index(None, "settled_at"),
)
_AT_ONCE = 500
"""How many letters one statement names."""
_WAITING = event_letter.c.state == literal_column("'waiting'")
index_where("ix_event_letter_waiting", _WAITING, event_letter.c.next_at)


def choice(tx: Tx, person_id: str) -> tuple[str, ...]:
    """What somebody wants by mail."""
    found = tx.execute(select(letter_choice.c.kinds).where(letter_choice.c.person_id == person_id)).scalar_one_or_none()
    return tuple(found or ())


def choose(tx: Tx, person_id: str, account_id: str, kinds: Sequence[str], at: datetime) -> None:
    """Remember what somebody wants from now on; nothing leaves no trace."""
    tx.execute(delete(letter_choice).where(letter_choice.c.person_id == person_id))
    if kinds:
        values = {"person_id": person_id, "account_id": account_id, "kinds": list(kinds), "at": at}
        tx.execute(insert(letter_choice), values)


def choices(tx: Tx, accounts: Sequence[str]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Who of these accounts wants something: the account, the person, the kinds."""
    statement = select(letter_choice).where(letter_choice.c.account_id.in_(accounts)).order_by(letter_choice.c.person_id)
    return tuple((row.account_id, row.person_id, tuple(row.kinds)) for row in tx.execute(statement))


def add(tx: Tx, made: Sequence[EventLetter]) -> None:
    """Insert letters that wait."""
    tx.execute(
        insert(event_letter),
        [
            {
                "person_id": one.person_id,
                "event_id": one.event_id,
                "subject": one.subject,
                "text": one.text,
                "state": LetterState.WAITING,
                "tries": 0,
                "made_at": one.made_at,
                "next_at": one.made_at,
            }
            for one in made
        ],
    )


def due(tx: Tx, now: datetime, limit: int) -> tuple[EventLetter, ...]:
    """The letters whose time has come, those that wait longest first."""
    columns = event_letter.c
    statement = select(event_letter).where(_WAITING, columns.next_at <= now)
    statement = statement.order_by(columns.next_at, columns.made_at, columns.event_id, columns.person_id).limit(limit)
    return tuple(_letter(row) for row in tx.execute(statement))


def due_to(tx: Tx, person_id: str, now: datetime, limit: int) -> tuple[EventLetter, ...]:
    """The letters of one person whose time has come, in the order of their events."""
    columns = event_letter.c
    statement = select(event_letter).where(_WAITING, columns.person_id == person_id, columns.next_at <= now)
    statement = statement.order_by(columns.made_at, columns.event_id).limit(limit)
    return tuple(_letter(row) for row in tx.execute(statement))


def sent_since(tx: Tx, person_id: str, since: datetime) -> tuple[int, datetime | None]:
    """Of how many events a person was written since a moment, and when for the last time."""
    columns = event_letter.c
    statement = select(func.count(), func.max(columns.settled_at)).where(
        columns.settled_at > since, columns.person_id == person_id, columns.state == LetterState.SENT.value
    )
    number, last = tx.execute(statement).one()
    return int(number), last


def postpone(tx: Tx, person_id: str, until: datetime) -> None:
    """Let whatever waits for a person wait until a moment."""
    columns = event_letter.c
    early = (_WAITING, columns.person_id == person_id, columns.next_at < until)
    tx.execute(update(event_letter).where(*early).values(next_at=until))


def move(tx: Tx, before: Sequence[EventLetter], values: Mapping[str, Any]) -> None:
    """Write down what became of letters that wait, all to one person."""
    for start in range(0, len(before), _AT_ONCE):
        events = [one.event_id for one in before[start : start + _AT_ONCE]]
        same = (event_letter.c.person_id == before[0].person_id, event_letter.c.event_id.in_(events), _WAITING)
        tx.execute(update(event_letter).where(*same).values(**values))


def waiting(tx: Tx) -> int:
    """How many letters wait."""
    found: int = tx.execute(select(func.count()).select_from(event_letter).where(_WAITING)).scalar_one()
    return found


def forget(tx: Tx, before: datetime) -> None:
    """Delete letters that were settled before a moment."""
    tx.execute(delete(event_letter).where(event_letter.c.settled_at < before))


def _letter(row: Any) -> EventLetter:
    return EventLetter(row.person_id, row.event_id, row.subject, row.text, row.made_at, row.tries)
