"""Who acts before the registration authority. All that this room asks of accounts and roles about people is asked here."""

from directca.accounts import accounts, people
from directca.accounts.standing import is_officer
from directca.db.engine import Tx
from directca.vetting.case_errors import DecidersOnly, OwnRequest
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration

_OPERATOR = "operator:"


def person(desk: Registration, account_id: str, person_id: str, via: str = "") -> Actor:
    """A person of an account, with what they are called. Who is not there any more has no name, and may do nothing."""
    found = [one for one in people.people_of(desk.people, account_id) if one.id == person_id]
    names = tuple(name for one in found for name in (one.display_name, one.username))
    return Actor(f"person:{person_id}", names, account_id, person_id, via)


def operator(name: str) -> Actor:
    """The authority's operator, as `operator:NAME`."""
    return Actor(name, (name.removeprefix(_OPERATOR),))


def names_of_account(desk: Registration, account_id: str) -> tuple[str, ...]:
    """What the people of an account are called."""
    return tuple(name for one in people.people_of(desk.people, account_id) for name in (one.display_name, one.username))


def require_officer(tx: Tx, actor: Actor) -> None:
    """Let officers of the authority pass, and its operator, at this moment. Raises DecidersOnly."""
    if actor.person_id is None:
        if actor.account_id is None and actor.id.startswith(_OPERATOR):
            return
    elif actor.account_id is not None and actor.names and is_officer(tx, actor.account_id, actor.person_id):
        return
    raise DecidersOnly("Only an officer of the certificate authority, or its operator, may do this.")


def require_other_account(actor: Actor, account_id: str) -> None:
    """Nobody decides about their own account. Raises OwnRequest."""
    if actor.account_id == account_id:
        raise OwnRequest("This concerns your own account, so another officer must decide.")


def require_account(tx: Tx, actor: Actor) -> str:
    """The account that an applicant acts for. Raises NoSuchAccount, AccountSuspended."""
    return accounts.require_active(tx, actor.account_id or "").id
