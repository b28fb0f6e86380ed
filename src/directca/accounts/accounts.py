"""Opening, suspending and resuming TUser accounts.

Each function joins the caller's transaction, so that what belongs together is opened together, and journals what it changed.
"""

from collections.abc import Callable
from datetime import datetime

from directca.accounts import ledger_store, store
from directca.accounts.errors import AccountState, AccountSuspended, BadAccountName, NoSuchAccount
from directca.accounts.model import Account, AccountStatus
from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append

_NAME_MAXIMUM = 200
_ID_BYTES = 12


def open_account(tx: Tx, name: str, *, actor: str, at: datetime, random: Callable[[int], bytes]) -> Account:
    """Open an active account with an empty balance. Raises BadAccountName."""
    opened = Account(random(_ID_BYTES).hex(), _clean(name), AccountStatus.ACTIVE, at)
    store.add(tx, opened)
    ledger_store.open_balance(tx, opened.id)
    _journal(tx, "account.opened", opened, actor, at)
    return opened


def check_name(name: str) -> None:
    """Raise BadAccountName unless an account may be called so."""
    _clean(name)


def suspend(tx: Tx, account_id: str, *, actor: str, reason: str, at: datetime) -> Account:
    """Stop everything the account may do, until it is resumed. Its certificates stay as they are.

    Raises NoSuchAccount, and AccountState when it is suspended already.
    """
    return _move(tx, account_id, AccountStatus.SUSPENDED, Event("account.suspended", actor, "", detail={"reason": reason}), at)


def resume(tx: Tx, account_id: str, *, actor: str, at: datetime) -> Account:
    """Lift a suspension. Raises NoSuchAccount, and AccountState when the account is active already."""
    return _move(tx, account_id, AccountStatus.ACTIVE, Event("account.resumed", actor, ""), at)


def find(tx: Tx, account_id: str) -> Account:
    """The account; raises NoSuchAccount."""
    found = store.find(tx, account_id)
    if found is None:
        raise NoSuchAccount(f"There is no account {account_id!r}. `directca account list` shows every account.")
    return found


def every(tx: Tx) -> tuple[Account, ...]:
    """All accounts, oldest first."""
    return store.every(tx)


def require_active(tx: Tx, account_id: str) -> Account:
    """The account, if it may act now. Raises NoSuchAccount, AccountSuspended."""
    found = find(tx, account_id)
    if found.status is not AccountStatus.ACTIVE:
        raise AccountSuspended("The account is suspended. Ask the certificate authority's operator to resume it.")
    return found


def _move(tx: Tx, account_id: str, after: AccountStatus, event: Event, at: datetime) -> Account:
    before = find(tx, account_id)
    if before.status is after or not store.move(tx, account_id, before=before.status, after=after):
        raise AccountState(f"The account {account_id} is {before.status} already.")
    moved = Account(before.id, before.name, after, before.created_at)
    _journal(tx, event.kind, moved, event.actor, at, **event.detail)
    return moved


def _clean(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > _NAME_MAXIMUM or not text.isprintable():
        raise BadAccountName(f"Give the account a name of 1 to {_NAME_MAXIMUM} printable characters.", field="name")
    return text


def _journal(tx: Tx, kind: str, about: Account, actor: str, at: datetime, **detail: object) -> None:
    facts = {"name": about.name, **{key: str(value) for key, value in detail.items()}}
    append(tx, Event(kind, actor, f"account:{about.id}", account_id=about.id, detail=facts), at=at)
