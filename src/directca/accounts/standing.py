"""Whether an account, and a person of it, may act at this moment."""

from dataclasses import dataclass

from directca.accounts import people_store, role_store
from directca.accounts.model import AccountStatus
from directca.accounts.person import PersonStatus, Role
from directca.db.engine import Tx
from directca.db.schema import Condition, Words


@dataclass(frozen=True)
class Standing:
    """Both must be active. What is unknown is not active."""

    account_active: bool
    person_active: bool

    @property
    def is_good(self) -> bool:
        """Whether both may act."""
        return self.account_active and self.person_active


NOBODY = Standing(account_active=False, person_active=False)


def standing(tx: Tx, account_id: str, person_id: str | None) -> Standing:
    """How the account stands, and the person if one is named, in one query.

    A person of another account has no standing in this one.
    """
    if person_id is None:
        status = people_store.account_status(tx, account_id)
        return Standing(account_active=status == AccountStatus.ACTIVE, person_active=True)
    found = people_store.person_standing(tx, person_id)
    if found is None or found[0] != account_id:
        return NOBODY
    return Standing(account_active=found[1] == AccountStatus.ACTIVE, person_active=found[2] == PersonStatus.ACTIVE)


def good_standing(account_id: Words, person_id: Words) -> Condition:
    """Whether `standing` is good, as a column of a statement that has these two: for who would ask two questions otherwise."""
    return people_store.both_active(account_id, person_id).label("in_good_standing")


def roles_of(tx: Tx, account_id: str, person_id: str) -> frozenset[Role]:
    """What a person of an account was granted, at this moment; nothing while they, or their account, may not act."""
    if not standing(tx, account_id, person_id).is_good:
        return frozenset()
    return role_store.roles(tx, person_id)


def roles_of_person(tx: Tx, person_id: str) -> frozenset[Role]:
    """The same of a person of whatever account."""
    found = people_store.person_standing(tx, person_id)
    return frozenset() if found is None else roles_of(tx, found[0], person_id)


def is_officer(tx: Tx, account_id: str, person_id: str) -> bool:
    """Whether the person is an officer of the authority at this moment, and in good standing."""
    return Role.OFFICER in roles_of(tx, account_id, person_id)
