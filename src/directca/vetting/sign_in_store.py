"""The table of sign-ins at external identity providers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, String, Table, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata

identity_sign_in = Table(
    "identity_sign_in",
    metadata,
    Column("id", String(32), primary_key=True),
    # Without a foreign key: who is taken out of a draft is forgotten, and what was tried is not.
    Column("person_id", String, nullable=False),
    Column("provider", String(32), nullable=False),
    Column("actor_id", String, nullable=False),
    # The browser that it was begun in, by its session's identifier, which is a digest.
    Column("session_id", String(64), nullable=False),
    Column("state_sha256", String(64), nullable=False),
    # Good for this one sign-in and useless without the provider's code; forgotten when it is used.
    Column("nonce", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("declarations_version", String, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    Column("outcome", String),
    Index(None, "state_sha256", unique=True),
    Index(None, "person_id"),
)


@dataclass(frozen=True)
class SignIn:
    """A sign-in that was begun: for whom, at which provider, by whom, in which browser, until when."""

    id: str
    person_id: str
    provider: str
    actor_id: str
    session_id: str
    state_sha256: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    declarations_version: str
    begun_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    outcome: str | None = None


def add(tx: Tx, made: SignIn) -> None:
    """Insert a sign-in."""
    tx.execute(insert(identity_sign_in), {name: getattr(made, name) for name in made.__dataclass_fields__})


def find(tx: Tx, state_sha256: str) -> SignIn | None:
    """The sign-in that a state belongs to."""
    row: Any = tx.execute(select(identity_sign_in).where(identity_sign_in.c.state_sha256 == state_sha256)).one_or_none()
    return None if row is None else SignIn(**row._mapping)


def count_since(tx: Tx, person_id: str, since: datetime) -> int:
    """How many were begun for a person since a moment."""
    place = (identity_sign_in.c.person_id == person_id, identity_sign_in.c.begun_at > since)
    return len(tx.execute(select(identity_sign_in.c.id).where(*place).limit(100)).all())


def use(tx: Tx, sign_in_id: str, at: datetime) -> bool:
    """Take a sign-in that nobody has used, and forget its secrets; whether it was so."""
    place = (identity_sign_in.c.id == sign_in_id, identity_sign_in.c.used_at.is_(None))
    values = {"used_at": at, "nonce": "", "verifier": ""}
    return tx.execute(update(identity_sign_in).where(*place).values(**values)).rowcount == 1


def note(tx: Tx, sign_in_id: str, outcome: str) -> None:
    """Write down what a sign-in has come to."""
    tx.execute(update(identity_sign_in).where(identity_sign_in.c.id == sign_in_id).values(outcome=outcome))
