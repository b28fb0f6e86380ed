"""Who acts for an account: one of its people, in a browser or through an application they let in."""

from dataclasses import dataclass

from directca.accounts import people_store, permissions
from directca.accounts.people_errors import SessionEnded
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import Person
from directca.accounts.standing import standing
from directca.db.engine import Tx


@dataclass(frozen=True)
class Member:
    """Somebody of an account, as an edge found them. `via` is the application through which they act, empty in a browser."""

    account_id: str
    person_id: str
    via: str = ""

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


def acting(tx: Tx, member: Member, rule: Rule, of: Whose = Whose.SAME_ACCOUNT) -> Person:
    """The person as they are at this moment, if they may do it in their own account. Raises SessionEnded, NotPermitted."""
    person = people_store.person_with(tx, member.person_id)
    if person is None or not standing(tx, member.account_id, member.person_id).is_good:
        raise SessionEnded("You have no access to this account any more.")
    permissions.check(rule, person.roles, of)
    return person
