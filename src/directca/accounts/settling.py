"""Announced payments before the authority's staff, who confirm what arrived or wait no longer, as the operator's commands do.

Nobody settles a payment of their own account: a confirmation makes money.
"""

from dataclasses import dataclass

from directca.accounts import accounts, permissions, policy, sessions, top_ups
from directca.accounts import top_up_store as store
from directca.accounts.billing import Billing
from directca.accounts.errors import BadTopUp, NoSuchTopUp
from directca.accounts.ledger import canonical_reference
from directca.accounts.people import People
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import Person, Session
from directca.accounts.role_errors import NotPermitted
from directca.accounts.top_up_model import TopUp, TopUpState
from directca.accounts.top_ups import Settlement
from directca.db.engine import Tx

MOST = 100
"""As many are listed; the others are found by their references."""
_LONGEST_REASON = 500


@dataclass(frozen=True)
class Announced:
    """An announced payment with the name of its account."""

    top_up: TopUp
    account_name: str


def waiting(billing: Billing, people: People, *, by: Session) -> tuple[tuple[Announced, ...], int]:
    """The newest that are waited for, and how many there are in all. Raises NotPermitted, SessionEnded."""
    with billing.database.read() as tx:
        _staff(tx, billing, people, permissions.SEE_PAYMENTS, by)
        found = store.waiting(tx, MOST)
        names = {one: accounts.find(tx, one).name for one in {top_up.account_id for top_up in found}}
        return tuple(Announced(one, names[one.account_id]) for one in found), store.count_all_waiting(tx)


def one(billing: Billing, people: People, top_up_id: str, *, by: Session) -> Announced:
    """One of whatever account, settled or not. Raises NotPermitted, SessionEnded, NoSuchTopUp."""
    with billing.database.read() as tx:
        _staff(tx, billing, people, permissions.SEE_PAYMENTS, by)
        return _announced(tx, store.anybodys(tx, top_up_id))


def referred_to(billing: Billing, people: People, reference: str, *, by: Session) -> Announced:
    """The one with a reference, as people copy it. Raises NotPermitted, SessionEnded, NoSuchTopUp."""
    with billing.database.read() as tx:
        _staff(tx, billing, people, permissions.SEE_PAYMENTS, by)
        return _announced(tx, store.by_reference(tx, canonical_reference(reference)))


def confirm(billing: Billing, people: People, top_up_id: str, amount: int, *, by: Session) -> TopUp:
    """Book the cents that arrived, once. Raises NotPermitted, StepUpFirst, SessionEnded, NoSuchTopUp, TopUpSettled, BadAmount,
    DepositExists."""
    now = billing.clock.now()
    with billing.database.write() as tx:
        found, doer = _settled_by(tx, billing, people, top_up_id, by)
        return top_ups.settle(tx, found, Settlement(TopUpState.RECEIVED, doer.actor, now, amount))


def decline(billing: Billing, people: People, top_up_id: str, reason: str, *, by: Session) -> TopUp:
    """Wait no longer, for a reason that the journal keeps.

    Raises NotPermitted, StepUpFirst, SessionEnded, NoSuchTopUp, TopUpSettled, BadTopUp.
    """
    why, now = " ".join(reason.split()), billing.clock.now()
    if not why or len(why) > _LONGEST_REASON or not why.isprintable():
        raise BadTopUp(f"Say in 1 to {_LONGEST_REASON} characters why it is waited for no longer.", field="reason")
    with billing.database.write() as tx:
        found, doer = _settled_by(tx, billing, people, top_up_id, by)
        return top_ups.settle(tx, found, Settlement(TopUpState.DECLINED, doer.actor, now, reason=why))


def _settled_by(tx: Tx, billing: Billing, people: People, top_up_id: str, by: Session) -> tuple[TopUp, Person]:
    """The payment, and whoever may settle it at this moment. Whoever may settle none learns nothing of any."""
    doer = _staff(tx, billing, people, permissions.SETTLE_PAYMENT, by)
    found = _announced(tx, store.anybodys(tx, top_up_id)).top_up
    if found.account_id == doer.account_id:
        raise NotPermitted("Nobody settles a payment of their own account. Ask somebody of another one, or use the command.")
    return found, doer


def _staff(tx: Tx, billing: Billing, people: People, rule: Rule, by: Session) -> Person:
    now = billing.clock.now()
    session = sessions.confirmed(tx, people, by, now)
    permissions.check(rule, session.person.roles, Whose.OTHER)
    if rule.step_up:
        policy.stepped_up_within(session, now, people.sessions.step_up_seconds)
    return session.person


def _announced(tx: Tx, found: TopUp | None) -> Announced:
    if found is None:
        raise NoSuchTopUp(
            "No announced payment is like that. Compare the reference letter by letter with what came with the money."
        )
    return Announced(found, accounts.find(tx, found.account_id).name)
