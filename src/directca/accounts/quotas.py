"""Quotas of an account: how many pairs it may obtain in a day and in a month, and have at a time.

The settings say it for every account; an operator may say otherwise of one, from the next request on, on every node.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from directca.accounts import accounts, quota_store
from directca.accounts.quota_config import QuotaConfig
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append


@dataclass(frozen=True)
class Quotas:
    """What holds for one account, and of what of it the operator said something for this account alone; 0 is no quota."""

    config: QuotaConfig
    own: frozenset[str]


def of(tx: Tx, account_id: str, config: QuotaConfig) -> Quotas:
    """The quotas of an account."""
    return asked(tx, account_id, config)()


def asked(tx: Tx, account_id: str, config: QuotaConfig) -> Callable[[], Quotas]:
    """The same, asked for with what is asked besides."""
    said = quota_store.asked(tx, account_id)

    def answer() -> Quotas:
        own = {name: value for name, value in said().items() if value is not None}
        return Quotas(replace(config, **own) if own else config, frozenset(own))

    return answer


def change(tx: Tx, account_id: str, changes: quota_store.Said, *, actor: str, at: datetime) -> None:
    """Change what holds for one account: for each quota that is named a number, 0 for none, None for what the settings say.

    Raises NoSuchAccount.
    """
    account = accounts.find(tx, account_id)
    quota_store.put(tx, account_id, quota_store.said(tx, account_id) | changes)
    detail: dict[str, Fact] = {"name": account.name, **changes}
    append(tx, Event("account.quota_changed", actor, f"account:{account_id}", account_id=account_id, detail=detail), at=at)
