"""How often signing in may be tried: by user name, by address, and by a browser that the person has used before.

An attempt is counted before the password is looked at, so that a hundred attempts at once are a hundred attempts; success gives
it back, and one whose password nobody came to look at is undone. After some failures each further one doubles a wait, up to a
quarter of an hour; then it is open again by itself, and what is an hour old is forgotten. Somebody else's failures cannot shut
the owner out: a browser in which the owner has signed in before spends a budget of its own and neither of the other two (the
"device cookie" of OWASP's guide to slow guessing).
An unknown user name has a budget like any other, so limits tell nobody who exists.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.accounts import limits_store
from directca.accounts.config import LimitConfig
from directca.accounts.limits_store import Budget
from directca.accounts.people_errors import TooManyAttempts
from directca.db.engine import Tx


@dataclass(frozen=True)
class Allowance:
    """A budget that an attempt spends: how many failures it bears without a wait."""

    id: str
    free: int
    is_shared: bool
    """Many people may sit behind one address: success there gives back one attempt, elsewhere all of them."""


@dataclass(frozen=True)
class Spent:
    """One budget as an attempt found it and left it."""

    allowance: Allowance
    before: Budget | None
    after: Budget


@dataclass(frozen=True)
class Counted:
    """An attempt that was counted. `wait_seconds` is what the next one will have to wait, should this one fail."""

    budgets: tuple[Spent, ...]

    @property
    def wait_seconds(self) -> int:
        """The longest wait of all its budgets."""
        return max((int((one.after.open_at - one.after.used_at).total_seconds()) for one in self.budgets), default=0)


def allowances(config: LimitConfig, username: str, address: str, known_browser: str | None) -> list[Allowance]:
    """The budgets of an attempt. `known_browser` is the id of a browser in which this person has signed in before."""
    if known_browser is not None:
        return [Allowance(_id("browser", known_browser, username), config.per_browser, is_shared=False)]
    return [
        Allowance(_id("username", username), config.per_username, is_shared=False),
        Allowance(_id("address", neighbourhood(address)), config.per_address, is_shared=True),
    ]


def second_factor_of(config: LimitConfig, person_id: str, address: str, known_browser: str | None) -> list[Allowance]:
    """The budgets of an attempt to show a second factor: as those of a password, but others."""
    return allowances(config, f"\0second factor of {person_id}", address, known_browser)


def reports_from(config: LimitConfig, address: str) -> list[Allowance]:
    """The budget of somebody who reports compromised keys, which anybody may."""
    return [Allowance(_id("report", neighbourhood(address)), config.reports_per_address, is_shared=True)]


def sign_ups_from(free: int, address: str) -> list[Allowance]:
    """The budget of somebody who signs up, which anybody may where that is open."""
    return [Allowance(_id("sign-up", neighbourhood(address)), free, is_shared=True)]


def check(tx: Tx, wanted: list[Allowance], config: LimitConfig, now: datetime) -> dict[str, Budget]:
    """What was used of each budget, by its id; raises `TooManyAttempts` if one of them is shut."""
    forgotten = now - timedelta(seconds=config.window_seconds)
    stored = limits_store.budgets(tx, [allowance.id for allowance in wanted])
    current = {id_: budget for id_, budget in stored.items() if budget.used_at > forgotten}
    _refuse_if_shut(list(current.values()), now)
    return current


def spend(tx: Tx, wanted: list[Allowance], config: LimitConfig, now: datetime) -> Counted:
    """Count an attempt on each budget, or raise `TooManyAttempts` and count it on none."""
    current = check(tx, wanted, config, now)
    limits_store.remove_unused_since(tx, now - timedelta(seconds=config.window_seconds))
    counted = Counted(tuple(_one_more(allowance, current.get(allowance.id), config, now) for allowance in wanted))
    for one in counted.budgets:
        limits_store.put(tx, one.after)
    return counted


def give_back(tx: Tx, counted: Counted, now: datetime) -> None:
    """The attempt was right: it does not count, nor do the failures before it on a budget that is this person's alone."""
    for one, known in _as_stored(tx, counted):
        if one.allowance.is_shared and known.attempts > 1:
            limits_store.put(tx, Budget(known.id, known.attempts - 1, now, known.used_at))
        else:
            limits_store.remove(tx, known.id)


def undo(tx: Tx, counted: Counted, config: LimitConfig) -> None:
    """The attempt came to nothing, since nobody looked at the password: it does not count, and those before it still do."""
    for one, known in _as_stored(tx, counted):
        if known == one.after and one.before is not None:
            limits_store.put(tx, one.before)
        elif known.attempts > 1:
            # Others were counted after it. Their wait is what it would have been.
            wait = timedelta(seconds=wait_seconds(known.attempts - 1, one.allowance.free, config))
            limits_store.put(tx, Budget(known.id, known.attempts - 1, known.used_at + wait, known.used_at))
        else:
            limits_store.remove(tx, known.id)


def forget(tx: Tx, username: str) -> None:
    """Failures with an old password say nothing of a new one: who was just given it need not wait for a stranger's guesses."""
    limits_store.remove(tx, _id("username", username))


def wait_seconds(attempts: int, free: int, config: LimitConfig) -> int:
    """How long the next attempt has to wait after so many failures."""
    if attempts < free:
        return 0
    doublings = min(attempts - free, 30)
    return min(config.first_wait_seconds << doublings, config.longest_wait_seconds)


def neighbourhood(address: str) -> str:
    """The address as limits see it: IPv6 by its /64, which one subscriber holds whole (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)


def _one_more(allowance: Allowance, known: Budget | None, config: LimitConfig, now: datetime) -> Spent:
    attempts = 1 if known is None else known.attempts + 1
    wait = timedelta(seconds=wait_seconds(attempts, allowance.free, config))
    return Spent(allowance, known, Budget(allowance.id, attempts, now + wait, now))


def _as_stored(tx: Tx, counted: Counted) -> list[tuple[Spent, Budget]]:
    """Each budget with what is stored of it now; without those that were given back or forgotten meanwhile."""
    stored = limits_store.budgets(tx, [one.allowance.id for one in counted.budgets])
    return [(one, stored[one.allowance.id]) for one in counted.budgets if one.allowance.id in stored]


def _refuse_if_shut(budgets: list[Budget], now: datetime) -> None:
    opens = max((budget.open_at for budget in budgets), default=now)
    if opens > now:
        seconds = int((opens - now).total_seconds()) + 1
        raise TooManyAttempts(
            f"There were too many attempts to sign in. Wait {_in_words(seconds)}, then try again.", retry_after=seconds
        )


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} seconds" if seconds > 1 else "a second"
    minutes = -(-seconds // 60)
    return f"{minutes} minutes" if minutes > 1 else "a minute"


def _id(kind: str, *parts: str) -> str:
    """Names and addresses of strangers are not kept readable."""
    return hashlib.sha256("\0".join((kind, *parts)).encode("utf-8", "surrogatepass")).hexdigest()
