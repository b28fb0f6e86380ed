"""What a lint found, and how bad it is."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad a finding is. Whatever is above NOTICE stops the signature."""

    NOTICE = 1
    WARNING = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that the encoded object breaks, and how."""

    severity: Severity
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.severity.name} {self.rule}: {self.message}"
