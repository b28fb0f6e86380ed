"""How often the API may be called: by whom, at once and over time."""

from dataclasses import dataclass

from directca.accounts.gcra import Rate

KINDS = ("address", "application", "account", "failures")
"""Whose calls are counted: those from one network address, of one application, of one account; and proofs that failed, such as an
unknown token or a wrong secret, from one address."""

MOST = 1_000_000


@dataclass(frozen=True)
class RateConfig:
    """For each kind how many calls are admitted at once (`…_burst`), and how many a minute over time; 0 a minute is no limit."""

    address_burst: int = 3000
    address_per_minute: int = 30_000
    application_burst: int = 3000
    application_per_minute: int = 30_000
    account_burst: int = 6000
    account_per_minute: int = 60_000
    failures_burst: int = 600
    failures_per_minute: int = 300

    def rates(self) -> dict[str, Rate]:
        """The rate of each kind that has a limit."""
        both = {kind: (getattr(self, f"{kind}_burst"), getattr(self, f"{kind}_per_minute")) for kind in KINDS}
        return {kind: Rate(burst, per_minute) for kind, (burst, per_minute) in both.items() if per_minute}

    def unusable(self) -> str | None:
        """The first setting that means nothing: a burst of 0 would admit nobody."""
        for kind in KINDS:
            if not 1 <= getattr(self, f"{kind}_burst") <= MOST:
                return f"{kind}_burst"
            if getattr(self, f"{kind}_per_minute") > MOST:
                return f"{kind}_per_minute"
        return None
