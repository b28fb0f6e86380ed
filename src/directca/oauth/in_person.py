"""Who somebody is that acts without an application: signed in, on our own pages.

A token speaks for what a person allowed an application. Here the person is present and has shown the password, and the second
factor where there is one: everything of the account is theirs to do. What is for officers of the authority is not in it; the
verbs for it ask for the role themselves.
"""

from directca.accounts.people_errors import SessionEnded
from directca.accounts.person import Session, Stage
from directca.oauth import scopes
from directca.oauth.model import Principal

CONSOLE = "console"
"""What stands in the journal for the application. No application can be registered under it."""


def principal(session: Session) -> Principal:
    """The principal of a session that was looked up for this very request, so the person and the account are in good standing.

    Raises SessionEnded for one that lacks the second factor.
    """
    if session.stage is not Stage.COMPLETE:
        raise SessionEnded("Sign in to do this.")
    person = session.person
    return Principal(person.account_id, person.id, CONSOLE, scopes.OF_ACCOUNT, f"session:{session.id[:16]}")
