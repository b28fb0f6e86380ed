"""The verbs by which an account keeps itself, called by somebody for what belongs to the account that the trials are about."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from directca.accounts import accounts, alarms, invitations, members, settling, statements, top_ups
from directca.accounts.billing import Billing
from directca.accounts.errors import TopUpSettled
from directca.accounts.joining import Joining
from directca.accounts.member import Member
from directca.accounts.person import STAFF, Person, Role
from directca.accounts.roles import AtCommand
from directca.accounts.sign_up_config import SignUpConfig
from directca.accounts.top_up_model import PaymentMethod
from directca.accounts.top_ups import Payment
from directca.errors import NotFound
from directca.issuance import invoices, order_list, refund
from directca.oauth import applications, own_applications, person_access
from directca.oauth.applications import NewApplication
from directca.oauth.errors import NoSuchApplication
from directca.oauth.own_applications import Changes, Wanted
from directca.pki.reasons import RevocationReason
from tests.billing import PostOffice, some_billing, somebody
from tests.case_calls import alike
from tests.website import CALLBACK
from tests.world import DOMAIN

if TYPE_CHECKING:
    from tests.calls import Asked, House

UNUSED = f"unused@{DOMAIN}"


def member(asked: Asked) -> Member:
    """As either edge makes it."""
    return Member(asked.doer.account_id, asked.doer.id, session=asked.session)


def _an_application(house: House) -> str:
    new = NewApplication("Portal", "Clinic", (CALLBACK,), house.world.account_id)
    return applications.register(house.oauth, new, actor="operator:ann").client.client_id


def _see_own_applications(house: House, asked: Asked) -> object:
    client_id = _an_application(house)
    return alike(
        lambda: _there(client_id, [one.client_id for one in own_applications.of_account(house.oauth, member(asked))]),
        lambda: own_applications.one(house.oauth, member(asked), client_id),
    )


def _keep_own_applications(house: House, asked: Asked) -> object:
    client_id = _an_application(house)
    verbs = [
        lambda: own_applications.change(house.oauth, member(asked), client_id, Changes(name="Other")),
        lambda: own_applications.rotate(house.oauth, member(asked), client_id),
        lambda: own_applications.disable(house.oauth, member(asked), client_id),
        lambda: own_applications.enable(house.oauth, member(asked), client_id),
    ]
    if asked.doer.account_id == house.world.account_id:  # nothing in the call names another account
        verbs.append(lambda: own_applications.create(house.oauth, member(asked), Wanted("Portal", (CALLBACK,))))
    return alike(*verbs)


def _billing(house: House) -> Billing:
    return some_billing(house.world.database, house.world.clock)


def _see_money(house: House, asked: Asked) -> object:
    billing, who = _billing(house), member(asked)
    order = house.world.history()[0].record.order_id
    invoices.make_due(billing)
    now = house.world.clock.now() + timedelta(seconds=1)
    with billing.database.read() as tx:
        number = invoices.of_account(tx, house.world.account_id)[0].number
        name = accounts.find(tx, house.world.account_id).name
    moved = statements.statement(billing, who, now - timedelta(days=9), now).lines
    statements.balance(billing, who)
    alarms.of_account(billing, who)
    return alike(
        lambda: _there(order, [one.order.id for one in order_list.page(billing, who).orders]),
        lambda: order_list.one(billing, who, order),
        lambda: _there(number, [one.number for one in invoices.page(billing, who)]),
        lambda: invoices.one(billing, who, number),
        lambda: _there(name, [statements.name_of(billing, who)]),
        lambda: _there("WIRE 1", [line.movement.reference or "" for line in moved]),
    )


def _top_up(house: House, asked: Asked) -> object:
    billing, who, payment = _billing(house), member(asked), Payment(100_00, PaymentMethod.WIRE)
    ours = somebody(house.world.database, house.world.clock, house.world.account_id)
    top_up = top_ups.ask(billing, ours, payment)[0]
    verbs = [
        lambda: _there(top_up.id, [one.id for one in top_ups.of_account(billing, who)]),
        lambda: top_ups.one(billing, who, top_up.id),
        lambda: top_ups.withdraw(billing, who, top_up.id),
    ]
    if asked.doer.account_id == house.world.account_id:  # nothing in the call names another account
        verbs.append(lambda: top_ups.withdraw(billing, who, top_ups.ask(billing, who, payment)[0].id))
    return alike(*verbs)


@contextmanager
def _announced(house: House, owner: Person, count: int) -> Iterator[list[str]]:
    """Payments of somebody's account that wait, and wait no longer afterwards."""
    billing, theirs = _billing(house), somebody(house.world.database, house.world.clock, owner.account_id)
    made = [top_ups.ask(billing, theirs, Payment(100_00, PaymentMethod.WIRE))[0].id for _ in range(count)]
    try:
        yield made
    finally:
        for one in made:
            with suppress(TopUpSettled):
                top_ups.withdraw(billing, theirs, one)


def _see_payments(house: House, asked: Asked) -> object:
    billing, who = _billing(house), asked.session
    with _announced(house, asked.owner, 1) as (made,):
        with billing.database.read() as tx:
            reference = next(one.reference for one in top_ups.waiting(tx) if one.id == made)
        return alike(
            lambda: settling.one(billing, house.people, made, by=who),
            lambda: settling.referred_to(billing, house.people, reference, by=who),
            lambda: settling.waiting(billing, house.people, by=who),
        )


def _settle_payment(house: House, asked: Asked) -> object:
    billing, who = _billing(house), asked.session
    with _announced(house, asked.owner, 2) as (one, other):
        return alike(
            lambda: settling.confirm(billing, house.people, one, 100_00, by=who),
            lambda: settling.decline(billing, house.people, other, "it never came", by=who),
        )


def _set_alarm(house: House, asked: Asked) -> object:
    """Nothing names another account: what somebody sets is their own's."""
    alarms.set_threshold(_billing(house), member(asked), 100_00)
    _there(house.world.account_id, [asked.doer.account_id])
    return None


def _refundable(house: House) -> str:
    """An order whose pair was revoked unused, made once."""
    try:
        return house.world.history(UNUSED)[0].record.order_id
    except NotFound:
        made = house.world.issue(UNUSED, key=8).record.order_id
    house.world.revoke(RevocationReason.CESSATION_OF_OPERATION, UNUSED)
    return made


def _refund(house: House, asked: Asked) -> object:
    return refund.refund(_billing(house), member(asked), _refundable(house))


def _joining(house: House) -> Joining:
    return Joining(house.people, PostOffice(), SignUpConfig(invitations_per_hour=10_000), "https://ca.example.org")


def _an_invitation(house: House) -> str:
    email, by = f"i{secrets.token_hex(6)}@clinic.example", AtCommand("operator:ann")
    return invitations.invite_to(_joining(house), house.world.account_id, email, administrator=False, by=by).id


def _see_users(house: House, asked: Asked) -> object:
    someone, invitation = house.person().id, _an_invitation(house)
    return alike(
        lambda: _there(someone, [one.id for one, _ in members.of_account(house.people, member(asked))]),
        lambda: _there(invitation, [one.id for one in invitations.of_account(_joining(house), member(asked))]),
    )


def _keep_users(house: House, asked: Asked) -> object:
    someone, invitation, joining = house.person().id, _an_invitation(house), _joining(house)
    verbs = [
        lambda: members.appoint(house.people, member(asked), someone, administrator=True),
        lambda: invitations.withdraw(joining, member(asked), invitation),
    ]
    if asked.doer.account_id == house.world.account_id:  # nothing in the call names another account
        verbs.append(lambda: invitations.invite(joining, member(asked), f"i{secrets.token_hex(6)}@clinic.example"))
    return alike(*verbs)


def _remove_user(house: House, asked: Asked) -> object:
    """Somebody as the trial has them, so that the next trial has them still. Staff is refused by another rule, told below."""
    doer = house.person(*(asked.doer.roles - STAFF), account_id=asked.doer.account_id)
    owner = doer if asked.owner == asked.doer else house.person(account_id=asked.owner.account_id)
    house.person(Role.ACCOUNT_ADMINISTRATOR, account_id=owner.account_id)
    shown = asked.session.second_factor_at
    session = None if shown is None else house.session(doer, shown_before=house.world.clock.now() - shown)
    who = Member(doer.account_id, doer.id, session=session)
    return alike(lambda: person_access.remove(house.oauth, house.people, who, owner.id))


def _there(wanted: str, found: list[str]) -> object:
    if wanted not in found:
        raise NoSuchApplication("Not among them.")
    return found


OF_ACCOUNTS: dict[str, Callable[[House, Asked], object]] = {
    "SEE_OWN_APPLICATIONS": _see_own_applications,
    "KEEP_OWN_APPLICATIONS": _keep_own_applications,
    "SEE_MONEY": _see_money,
    "TOP_UP": _top_up,
    "SEE_PAYMENTS": _see_payments,
    "SETTLE_PAYMENT": _settle_payment,
    "SET_ALARM": _set_alarm,
    "REFUND": _refund,
    "SEE_USERS": _see_users,
    "KEEP_USERS": _keep_users,
    "REMOVE_USER": _remove_user,
}
"""What an account does about itself."""
