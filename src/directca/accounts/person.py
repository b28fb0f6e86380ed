"""A person who signs in, and the session that signing in begins."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may do. Somebody may hold several, but never two of `SEPARATE`."""

    ADMINISTRATOR = "administrator"
    """Configures the authority, and grants roles."""
    OFFICER = "officer"
    """Approves issuance and revocation; may assert facts about a CA that a subscriber cannot know."""
    AUDITOR = "auditor"
    """Reads what the others did, and changes nothing."""
    RA_OFFICER = "ra_officer"
    """Verifies organizations and their representatives."""
    TRUSTED_AGENT = "trusted_agent"
    """Verifies identities on the registration authority's behalf."""
    OPERATOR = "operator"
    """Keeps the machines going."""
    REPRESENTATIVE = "representative"
    """Speaks for an organization that is a customer."""
    ACCOUNT_ADMINISTRATOR = "account_administrator"
    """Lets people into the own account and out of it, and keeps its applications. Nothing of the authority's."""
    TUSER = "tuser"
    """Uses the account's own certificates. Everybody of an account is this, without a grant."""


SEPARATE = frozenset({Role.ADMINISTRATOR, Role.OFFICER, Role.AUDITOR})
"""Those that check one another: one person holds at most one of them."""

STAFF = frozenset(Role) - {Role.REPRESENTATIVE, Role.ACCOUNT_ADMINISTRATOR, Role.TUSER}
"""Those who work for the authority. Each of them shows a second factor."""

GRANTED = frozenset(Role) - {Role.TUSER}
"""Those that are granted and withdrawn."""


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
    roles: frozenset[Role]
    status: PersonStatus

    @property
    def actor(self) -> str:
        """How the journal names this person."""
        return f"person:{self.id}"

    @property
    def is_staff(self) -> bool:
        """Whether this person works for the authority."""
        return not STAFF.isdisjoint(self.roles)


class Stage(StrEnum):
    """How far somebody has come with signing in."""

    CHALLENGE = "challenge"
    """The password was right, and the second factor has not been shown."""
    ENROL = "enrol"
    """The password was right, and somebody of the staff has no second factor yet."""
    COMPLETE = "complete"
    """Signed in."""


@dataclass(frozen=True)
class Session:
    """A browser in which a person is signed in, or about to be: see `stage`.

    `id` is the SHA-256 of the secret that the browser holds: it identifies the session and opens nothing.
    """

    id: str
    person: Person
    account_name: str
    agent: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    second_factor_at: datetime | None = None
    """When the second factor was last shown."""
    has_factor: bool = False
    """Whether the person has one to show."""

    @property
    def stage(self) -> Stage:
        """What is still to be done before this session is good for anything."""
        if self.second_factor_at is not None:
            return Stage.COMPLETE
        if self.has_factor:
            return Stage.CHALLENGE
        return Stage.ENROL if self.person.is_staff else Stage.COMPLETE


@dataclass(frozen=True)
class NewSession:
    """A session that has just begun, or come a step further, with the secrets that only the browser will hold from now on.

    There is no `browser_secret` until the sign-in is complete.
    """

    session: Session
    secret: str = field(repr=False)
    browser_secret: str | None = field(repr=False)
