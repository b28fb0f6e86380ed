"""What a caller is told who calls too often."""

from dataclasses import dataclass

from directca.accounts.gcra import SECOND, Rate, Verdict
from directca.errors import RateLimited


@dataclass(frozen=True)
class Standing:
    """How a caller stands: of which kind the limit is, its rate, and what is left of it."""

    kind: str
    rate: Rate
    verdict: Verdict

    @property
    def retry_after(self) -> int:
        """In how many whole seconds the next call is admitted."""
        return -(-self.verdict.retry_after // SECOND)


class TooManyCalls(RateLimited):
    """Too many calls came from this address, this application or this account. It passes by itself."""

    slug = "too_many_calls"

    def __init__(self, standing: Standing) -> None:
        seconds = max(1, standing.retry_after)
        whose = {"address": "came from your network address", "application": "came from this application"}
        super().__init__(
            f"Too many calls {whose.get(standing.kind, 'were made for this account')}. "
            f"Wait {_in_words(seconds)}, then go on more slowly.",
            retry_after=seconds,
        )
        self.standing = standing


class TooManyFailures(RateLimited):
    """Too many unknown tokens, codes or wrong secrets came from this address. It passes by itself."""

    slug = "too_many_failures"

    def __init__(self, standing: Standing) -> None:
        seconds = max(1, standing.retry_after)
        super().__init__(
            "Too many calls from your network address had no good token, code or secret. "
            f"Wait {_in_words(seconds)}, and see to it that each call has one.",
            retry_after=seconds,
        )
        self.standing = standing


def _in_words(seconds: int) -> str:
    return f"{seconds} seconds" if seconds > 1 else "a second"
