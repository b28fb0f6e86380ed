"""How many pairs of certificates an account may obtain and have, where its operator said nothing of that account."""

from dataclasses import asdict, dataclass

MOST = 1_000_000_000


@dataclass(frozen=True)
class QuotaConfig:
    """For every account: pairs in any 24 hours, pairs in a calendar month, and current pairs; 0 is no quota."""

    pairs_per_day: int = 0
    pairs_per_month: int = 0
    current_pairs: int = 0

    def unusable(self) -> str | None:
        """The first setting that no engine could count up to."""
        return next((name for name, most in asdict(self).items() if most > MOST), None)
