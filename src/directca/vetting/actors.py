"""Who acts before the registration authority. All that this room asks of accounts and roles about people is asked here."""

from datetime import datetime

from directca.accounts import accounts, people, permissions, policy
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import Role
from directca.accounts.policy import in_words, listed
from directca.accounts.standing import roles_of, roles_of_person
from directca.db.engine import Tx
from directca.vetting.case_errors import DecidersOnly, OwnRequest
from directca.vetting.case_model import OPERATOR, PERSON, Actor
from directca.vetting.context import Registration


def person(desk: Registration, account_id: str, person_id: str, via: str = "", shown_at: datetime | None = None) -> Actor:
    """A person of an account, with what they are called. Who is not there any more has no name, and may do nothing.

    `shown_at` is when they last showed a second factor: in the session, or when the token was granted.
    """
    found = [one for one in people.people_of(desk.people, account_id) if one.id == person_id]
    names = tuple(name for one in found for name in (one.display_name, one.username))
    return Actor(f"{PERSON}{person_id}", names, account_id, person_id, via, shown_at)


def operator(name: str) -> Actor:
    """The authority's operator, as `operator:NAME`."""
    return Actor(name, (name.removeprefix(OPERATOR),))


def names_of_account(desk: Registration, account_id: str) -> tuple[str, ...]:
    """What the people of an account are called."""
    return tuple(name for one in people.people_of(desk.people, account_id) for name in (one.display_name, one.username))


def require(tx: Tx, actor: Actor, rule: Rule) -> None:
    """Let pass whom the table of permissions names, as they are at this moment, and the authority's operator; whose the thing is
    the verb looks at. Raises DecidersOnly."""
    able = rule.own | rule.same_account | rule.other
    if actor.person_id is None:
        if actor.is_operator:
            return
    elif actor.account_id is not None and actor.names:
        held = roles_of(tx, actor.account_id, actor.person_id)
        if not able.isdisjoint({*held, Role.TUSER}):
            return
    words = listed((*in_words(able - {Role.OPERATOR}), "its operator"), "or")
    raise DecidersOnly(f"Only the certificate authority may do this: {words}.")


def still_may(tx: Tx, author: str, rule: Rule) -> bool:
    """Whether somebody who did something earlier, as the tables name them, may do such a thing at this moment. Whoever sat at the
    machine then is the operator for good."""
    if author.startswith(OPERATOR):
        return True
    held = roles_of_person(tx, author.removeprefix(PERSON))
    return not (rule.own | rule.same_account | rule.other).isdisjoint(held)


def require_own(tx: Tx, actor: Actor, rule: Rule) -> None:
    """Let pass whom the table of permissions names for what is their account's, as they are at this moment, and the authority's
    operator. Raises NotPermitted, NoSuchAccount, AccountSuspended."""
    if actor.is_operator:
        return
    account_id = require_account(tx, actor)
    held = frozenset[Role]() if actor.person_id is None else roles_of(tx, account_id, actor.person_id)
    permissions.check(rule, held, Whose.OWN)


def require_fresh(desk: Registration, actor: Actor, rule: Rule) -> None:
    """Where the table says so, whoever acts has shown the second factor within `sessions.step_up_seconds`; the operator sits at
    the machine and has none. Raises StepUpFirst."""
    if rule.step_up and actor.person_id is not None:
        policy.shown_within(actor.shown_at, desk.clock.now(), desk.people.sessions.step_up_seconds)


def require_other_account(actor: Actor, account_id: str) -> None:
    """Nobody decides about their own account. Raises OwnRequest."""
    if actor.account_id == account_id:
        raise OwnRequest("This concerns your own account, so another officer must decide.")


def require_account(tx: Tx, actor: Actor) -> str:
    """The account that an applicant acts for. Raises NoSuchAccount, AccountSuspended."""
    return accounts.require_active(tx, actor.account_id or "").id
