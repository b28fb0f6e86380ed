"""The verbs of those who look after the authority and read what was done, called by somebody in a session."""

from collections.abc import Callable

from directca.accounts import audit, roles
from directca.accounts.people import People
from directca.accounts.person import Session
from directca.journal.model import Wanted
from directca.revocation import oversight
from directca.revocation.context import Revocation
from tests.case_calls import alike

OversightCall = Callable[[People, Revocation, Session, str], object]


def _see_journal(people: People, _ca: Revocation, who: Session, _name: str) -> object:
    return alike(
        lambda: audit.rows(people, Wanted(), None, by=who),
        lambda: audit.row(people, 1, by=who),
        lambda: audit.verifications(people, by=who),
    )


def _see_state(people: People, ca: Revocation, who: Session, _name: str) -> object:
    return alike(lambda: oversight.state(ca, people, by=who), lambda: oversight.check_may_see(people, by=who))


OF_OVERSIGHT: dict[str, OversightCall] = {
    "SEE_JOURNAL": _see_journal,
    "COPY_JOURNAL": lambda people, _ca, who, _name: audit.copied(people, Wanted(), None, "csv", by=who),
    "VERIFY_JOURNAL": lambda people, _ca, who, _name: audit.begin_verification(people, by=who),
    "SEE_STATE": _see_state,
    "LIST_STAFF": lambda people, _ca, who, name: roles.person_named(people, name, by=who),
}
"""How each is called, about the person with a user name where it is about one."""
