"""Who acts for an account: one of its people, in a browser or through an application they let in."""

from dataclasses import dataclass, field
from datetime import datetime

from directca.accounts import factor_store, people_store, permissions, policy
from directca.accounts.people_errors import SessionEnded
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import Person, Session
from directca.accounts.standing import standing
from directca.db.engine import Tx


@dataclass(frozen=True)
class Member:
    """Somebody of an account, as an edge found them. `via` is the application through which they act, `session` the browser's in
    which they act themselves."""

    account_id: str
    person_id: str
    via: str = ""
    session: Session | None = field(default=None, compare=False)

    @property
    def actor(self) -> str:
        """How the journal names who acted."""
        return f"person:{self.person_id} via {self.via}" if self.via else f"person:{self.person_id}"

    @classmethod
    def named(cls, account_id: str, actor: str) -> "Member | None":
        """Who it was that an `actor` names, in an account; None if it was no person."""
        kind, _, rest = actor.partition(":")
        person_id, _, via = rest.partition(" via ")
        return cls(account_id, person_id, via) if kind == "person" else None


def acting_anew(tx: Tx, member: Member, rule: Rule, of: Whose, *, now: datetime, within: int) -> Person:
    """The same for what asks for the second factor anew (`step_up` of the table). Raises StepUpFirst besides.

    In a browser, of somebody who has one: shown within so many seconds. Whoever has none has nothing to show, and what an
    application may do, which can show none, a person allowed it.
    """
    person = acting(tx, member, rule, of)
    if rule.step_up and member.session is not None and factor_store.has_any(tx, person.id):
        policy.shown_within(member.session.second_factor_at, now, within)
    return person


def acting(tx: Tx, member: Member, rule: Rule, of: Whose = Whose.SAME_ACCOUNT) -> Person:
    """The person as they are at this moment, if they may do it in their own account. Raises SessionEnded, NotPermitted."""
    person = people_store.person_with(tx, member.person_id)
    if person is None or not standing(tx, member.account_id, member.person_id).is_good:
        raise SessionEnded("You have no access to this account any more.")
    permissions.check(rule, person.roles, of)
    return person
