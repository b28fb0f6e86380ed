"""A person who signs in, and the session that signing in begins."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may do beyond using the account's own certificates."""

    MEMBER = "member"
    OFFICER = "officer"
    """Works for the authority: may assert facts about a CA that a subscriber cannot know."""


class PersonStatus(StrEnum):
    """Whether a person may sign in."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Person:
    """Somebody of a TUser account. `username` is in its canonical form: NFKC, lower case."""

    id: str
    account_id: str
    username: str
    display_name: str
    role: Role
    status: PersonStatus

    @property
    def actor(self) -> str:
        """How the journal names this person."""
        return f"person:{self.id}"


@dataclass(frozen=True)
class Session:
    """A browser in which a person is signed in.

    `id` is the SHA-256 of the secret that the browser holds: it identifies the session and opens nothing.
    """

    id: str
    person: Person
    account_name: str
    agent: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class NewSession:
    """A session that has just begun, with the two secrets that only the browser will hold from now on."""

    session: Session
    secret: str
    browser_secret: str
