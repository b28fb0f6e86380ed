"""Balance alarms: when an account's available balance falls below what it said, the journal tells, and its administrators get a
letter, once until the balance was above again."""

from datetime import timedelta

from directca.accounts import accounts, alarm_store, ledger, people_store, permissions
from directca.accounts.alarm_store import Alarm, Low
from directca.accounts.billing import Billing
from directca.accounts.errors import BadAlarm
from directca.accounts.member import Member, acting
from directca.accounts.roles import AtCommand
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.mail.errors import LetterNotSent
from directca.mail.letter import Letter

_MOST = 10**12
_AGAIN = timedelta(minutes=10)
_TEXT = """\
The balance of {account} at {authority} is {available}, below the {threshold} at which you wanted to be told.

Without a balance nothing can be bought or renewed. Top it up, or see every movement, at:

    {authority}/console/billing

You get one such letter until the balance was above that amount again.
"""


def of_account(billing: Billing, who: Member) -> Alarm | None:
    """The account's alarm, if it has one. Raises SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        return alarm_store.find(tx, who.account_id)


def set_threshold(billing: Billing, who: Member, cents: int | None) -> Alarm | None:
    """Be told when the available balance falls below so many cents; None: never. Raises BadAlarm, NotPermitted, SessionEnded."""
    with billing.database.write() as tx:
        acting(tx, who, permissions.SET_ALARM)
        return _set(tx, billing, who.account_id, cents, who.actor)


def set_for(billing: Billing, account_id: str, cents: int | None, *, by: AtCommand) -> Alarm | None:
    """The same for whatever account. For the operator. Raises BadAlarm, NoSuchAccount."""
    with billing.database.write() as tx:
        accounts.find(tx, account_id)
        return _set(tx, billing, account_id, cents, by.actor)


def look(billing: Billing, *, actor: str) -> int:
    """Tell of every balance that has fallen below its alarm since it was told last; how many these are.

    The row of the journal and the note that it was told are one commit. Letters follow it, and are tried again after ten
    minutes: a crash between a letter and its note sends the same letter twice, under one Message-ID.
    """
    now = billing.clock.now()
    with billing.database.read() as tx:
        if not alarm_store.is_due(tx, now):
            return 0
    with billing.database.write() as tx:
        alarm_store.rearm(tx)
        told = [low for low in alarm_store.untold(tx) if alarm_store.tell(tx, low, now)]
        for low in told:
            of = low.alarm.account_id
            detail: dict[str, Fact] = {"balance_cents": low.available, "threshold_cents": low.alarm.threshold, "currency": "USD"}
            append(tx, Event("account.balance_low", actor, f"account:{of}", account_id=of, detail=detail), at=now)
    _write_letters(billing)
    return len(told)


def _set(tx: Tx, billing: Billing, account_id: str, cents: int | None, actor: str) -> Alarm | None:
    now = billing.clock.now()
    if cents is not None and (type(cents) is not int or not 1 <= cents <= _MOST):
        raise BadAlarm(
            "An alarm's threshold is a whole number of cents, 1 or more. Null takes the alarm away.", field="threshold_cents"
        )
    alarm = None if cents is None else Alarm(account_id, cents, actor, now)
    if alarm is None:
        alarm_store.remove(tx, account_id)
    else:
        alarm_store.put(tx, alarm)
    detail: dict[str, Fact] = {"threshold_cents": cents}
    append(tx, Event("account.alarm_set", actor, f"account:{account_id}", account_id=account_id, detail=detail), at=now)
    return alarm


def _write_letters(billing: Billing) -> None:
    now = billing.clock.now()
    with billing.database.read() as tx:
        due = [(low, accounts.find(tx, low.alarm.account_id).name, _readers(tx, low)) for low in alarm_store.letters_due(tx, now)]
    for low, name, readers in due:
        again_at = None
        for person_id, address in readers if billing.post.is_set else ():
            try:
                billing.post.send(_letter(billing, low, name, person_id, address))
            except LetterNotSent:
                again_at = now + _AGAIN
        with billing.database.write() as tx:
            alarm_store.wrote(tx, low.alarm, again_at)


def _readers(tx: Tx, low: Low) -> list[tuple[str, str]]:
    """The account's administrators who gave an address."""
    return people_store.addresses_of_administrators(tx, low.alarm.account_id)


def _letter(billing: Billing, low: Low, name: str, person_id: str, address: str) -> Letter:
    told = low.alarm.told_at or low.alarm.set_at
    text = _TEXT.format(
        account=name,
        authority=billing.authority,
        available=ledger.money(low.available),
        threshold=ledger.money(low.alarm.threshold),
    )
    letter_id = f"balance.{low.alarm.account_id}.{person_id}.{int(told.timestamp())}"
    return Letter(address, "The balance of your account is low", text, letter_id)
