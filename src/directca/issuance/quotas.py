"""Quotas: how many pairs an account may obtain and have, counted from the orders and records themselves.

An order counts from the moment in which it is stored, so that of two requests at once the second finds the first; one whose
signing failed, and whose money was given back, does not count. Whoever asks holds the turn to write, on whatever node.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.accounts import quotas
from directca.accounts.quota_config import QuotaConfig
from directca.accounts.quota_errors import QuotaUsed, TooManyCurrent
from directca.certificates import register
from directca.db.engine import Tx
from directca.issuance import store
from directca.issuance.model import Verb

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Used:
    """What an account has used of its quotas: pairs obtained in 24 hours and in this calendar month, and current pairs."""

    pairs_per_day: int
    pairs_per_month: int
    current_pairs: int


def asked(tx: Tx, config: QuotaConfig, authority_id: str, account_id: str, verb: Verb, now: datetime) -> Callable[[], None]:
    """One more pair must be within the account's quotas. A successor takes its predecessor's place among the current pairs.

    What is said of the account is asked for with what is asked besides; what this returns raises QuotaUsed, TooManyCurrent.
    """
    found = quotas.asked(tx, account_id, config)
    return lambda: _check(tx, found().config, authority_id, account_id, verb, now)


def _check(tx: Tx, quota: QuotaConfig, authority_id: str, account_id: str, verb: Verb, now: datetime) -> None:
    if quota.current_pairs and verb is Verb.ISSUE:
        held, first_ends = register.held_by_account(tx, authority_id, account_id, now)
        if held >= quota.current_pairs:
            raise TooManyCurrent(quota.current_pairs, frees_at=first_ends or now)
    if quota.pairs_per_month and store.nth_newest(tx, account_id, quota.pairs_per_month, since=_month(now)):
        raise QuotaUsed(quota.pairs_per_month, "in a calendar month (UTC)", frees_at=_next_month(now), now=now)
    if quota.pairs_per_day:
        oldest = store.nth_newest(tx, account_id, quota.pairs_per_day, since=_day(now))
        if oldest is not None:
            raise QuotaUsed(quota.pairs_per_day, "in 24 hours", frees_at=oldest + _DAY, now=now)


def used(tx: Tx, authority_id: str, account_id: str, now: datetime) -> Used:
    """What an account has used."""
    return Used(
        pairs_per_day=store.count_since(tx, account_id, _day(now)),
        pairs_per_month=store.count_since(tx, account_id, _month(now)),
        current_pairs=register.held_by_account(tx, authority_id, account_id, now)[0],
    )


def _day(now: datetime) -> datetime:
    """From when on an order counts for the day. After exactly 24 hours it does not."""
    return now - _DAY + _INSTANT


def _month(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next_month(now: datetime) -> datetime:
    return _month(_month(now) + timedelta(days=31))
