"""Limits at the edge for software: who calls too often is refused, and everybody is told how they stand.

Answers say it in the fields of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-11), for each limit that was looked at:

    RateLimit-Policy: "application";q=3000;w=6       a burst of 3000, which comes back whole in 6 seconds
    RateLimit: "application";r=2999;t=1              2999 are left; in a second the burst is whole again

Where none is left, `t` is when the next call is admitted, which is what `Retry-After` says of a refusal.
"""

from collections.abc import Sequence
from functools import lru_cache

from starlette.requests import Request

from directca.accounts.gcra import SECOND, Rate
from directca.accounts.rate_errors import Standing, TooManyCalls
from directca.accounts.rates import Rates, of_address
from directca.clock import Clock
from directca.db.engine import Database
from directca.oauth.bearer import authenticate
from directca.oauth.errors import BearerRefused
from directca.oauth.model import Principal

STANDINGS = "rate_standings"
"""The key in a request's state under which the limits that were looked at are kept for the answer's fields."""

Fields = list[tuple[bytes, bytes]]


def principal(rates: Rates, database: Database, clock: Clock, request: Request) -> Principal:
    """Who asks, if neither the application nor the account calls too often.

    Raises BearerRefused, TooManyCalls, TooManyFailures.
    """
    # RFC 9110 5.3: a header that is sent twice is one list, and a list is no credentials, whichever of them would be good.
    header = ", ".join(request.headers.getlist("authorization"))
    try:
        found = authenticate(database, clock, header or None)
    except BearerRefused as error:
        if error.presented:
            rates.failed(address_of(request))
        raise
    standings: list[Standing] = []
    setattr(request.state, STANDINGS, standings)
    try:
        for kind, who in (("application", found.client_id), ("account", found.account_id)):
            standing = rates.admit(kind, who)
            if standing is not None:
                standings.append(standing)
    except TooManyCalls as error:
        standings.append(error.standing)
        raise
    return found


def address_of(request: Request) -> str:
    """Where the request comes from, as trusted proxies say."""
    return request.client.host if request.client else ""


def caller_of(address: str) -> str:
    """Under which name an address is counted."""
    return of_address(address)


def fields(standings: Sequence[Standing]) -> Fields:
    """The header fields that say how a caller stands."""
    if not standings:
        return []
    policies = ", ".join([_policy(one.kind, one.rate) for one in standings])
    limits = ", ".join([f'"{one.kind}";r={one.verdict.remaining};t={_effective(one)}' for one in standings])
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", limits.encode())]


@lru_cache(maxsize=64)
def _policy(kind: str, rate: Rate) -> str:
    return f'"{kind}";q={rate.burst};w={_seconds(rate.window)}'


def _effective(standing: Standing) -> int:
    """The draft's effective window (4.1.2), whose end is not after `Retry-After` (6)."""
    verdict = standing.verdict
    return _seconds(verdict.whole_after) if verdict.remaining else standing.retry_after


def _seconds(microseconds: int) -> int:
    return max(1, -(-microseconds // SECOND))
