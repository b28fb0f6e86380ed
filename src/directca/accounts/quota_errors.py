"""What an account is told whose quota is used up."""

from datetime import datetime

from directca.clock import rfc3339
from directca.errors import RateLimited, Rejected

_ASK = "ask the certificate authority's operator for a higher quota"


class QuotaUsed(RateLimited):
    """The account has obtained as many pairs as its quota allows for a day or a month. It passes by itself."""

    slug = "quota_used"

    def __init__(self, most: int, period: str, *, frees_at: datetime, now: datetime) -> None:
        super().__init__(
            f"The account may obtain {_pairs(most)} {period} by Issue, Reissue and Renew together, and has. "
            f"Ask again from {rfc3339(frees_at)} on, or {_ASK}.",
            retry_after=max(1, -int((now - frees_at).total_seconds() // 1)),
        )


class TooManyCurrent(Rejected):
    """The account has as many current pairs as its quota allows."""

    slug = "too_many_current"

    def __init__(self, most: int, *, frees_at: datetime) -> None:
        super().__init__(
            f"The account may have {_pairs(most)} at a time, and has. Revoke one that is not needed any more, or {_ASK}; "
            f"the first one expires after {rfc3339(frees_at)}."
        )


def _pairs(most: int) -> str:
    return "1 pair" if most == 1 else f"{most} pairs"
