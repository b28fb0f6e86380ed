"""How long customers find what happened."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NoticeConfig:
    """`keep_days` is how long events can be fetched."""

    keep_days: int = 400

    def unusable(self) -> str | None:
        """The name of a setting that cannot be used, if there is one."""
        return None if self.keep_days >= 1 else "keep_days"
