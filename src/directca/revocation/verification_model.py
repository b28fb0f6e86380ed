"""What is asked of the addresses in certificates, what came back, what was found, and what is remembered of the last look."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from directca.pki.lints.findings import Severity

_SAID = 3
"""So many sentences of one check about one address; of more there is only the number."""


@dataclass(frozen=True, slots=True)
class StatusFinding:
    """One thing that a relying party would stumble over: which check found it, at which address, and what to do."""

    severity: Severity
    check: str
    address: str
    message: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to an address. Without a body it is a GET. An answer of more octets is not read."""

    url: str
    most_octets: int
    body: bytes | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came back, as strangers see it. `problem` says why nothing did; then there is no status."""

    status: int | None
    content_type: str = ""
    body: bytes = b""
    problem: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a list when it was looked at last: the highest number, its thisUpdate, and the SHA-256 of its DER."""

    number: int
    this_update: datetime
    sha256: str


class Fetch(Protocol):
    """Asks once, over HTTP, bounded in time and size, without following redirects. Never raises: no answer is an answer."""

    def __call__(self, asked: Asked) -> Fetched: ...


class Looks(Protocol):
    """What is remembered of lists from one run to the next, by the URL that they were fetched from. Durable when it returns."""

    def last(self, url: str) -> Look | None:
        """What was seen last; None at the first look."""
        ...

    def der(self, look: Look) -> bytes | None:
        """The list that was seen; None when it is lost, or is not what was seen."""
        ...

    def remember(self, url: str, look: Look, der: bytes) -> None:
        """Keep what is seen now in place of it."""
        ...


@dataclass
class Findings:
    """Collects what checks find. A check that finds the same at one address a million times says it a few times and counts."""

    _said: list[StatusFinding] = field(default_factory=list)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, check: str, address: str, message: str, severity: Severity = Severity.ERROR) -> None:
        """One thing found."""
        place = check, address
        self._counts[place] = self._counts.get(place, 0) + 1
        if self._counts[place] <= _SAID:
            self._said.append(StatusFinding(severity, check, address, message))

    def take(self, others: "Findings") -> None:
        """Everything that others found, about what nothing was found here."""
        self._said.extend(others._said)
        self._counts.update(others._counts)

    def all(self) -> tuple[StatusFinding, ...]:
        """Everything found, the worst first."""
        found = [*self._said, *self._unsaid()]
        return tuple(sorted(found, key=lambda one: -one.severity))

    def _unsaid(self) -> Iterator[StatusFinding]:
        for (check, address), count in self._counts.items():
            if count > _SAID:
                severity = max(one.severity for one in self._said if (one.check, one.address) == (check, address))
                yield StatusFinding(severity, check, address, f"The same was found {count - _SAID} times more.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verification did and found. `addresses` were looked at, `lists` were compared entry by entry with `entries` in all,
    `answers` of OCSP were checked."""

    findings: tuple[StatusFinding, ...]
    addresses: int
    lists: int
    entries: int
    answers: int
