"""Revocations in bulk: what is wanted, what would become of it, and how far it has come."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from directca.certificates.chosen import Candidate, Selection
from directca.clock import rfc3339
from directca.pki.reasons import RevocationReason

CANCELLED = "cancelled"
"""The outcome of an item that was cancelled before its turn came."""

_MOST_WRITTEN_OUT = 20


class JobState(StrEnum):
    """Where a revocation in bulk stands."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Wanted:
    """What is asked for: which pairs, the reason, since when their keys are suspect, if that is known, and why in words."""

    selection: Selection
    reason: RevocationReason
    invalidity_date: datetime | None = None
    explanation: str | None = None


@dataclass(frozen=True)
class Plan:
    """What would become of it at this moment: how many pairs, by status and by outcome, some of them, and what is unknown."""

    total: int
    statuses: Mapping[str, int]
    outcomes: Mapping[str, int]
    sample: tuple[Candidate, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """A revocation in bulk. `selection` is JSON, as `described` writes it; `outcomes` counts the items that are done."""

    id: str
    selection: str
    reason: RevocationReason
    invalidity_date: datetime | None
    actor: str
    created_at: datetime
    finished_at: datetime | None
    total: int
    refused: int
    outcomes: Mapping[str, int]
    paused_at: datetime | None = None

    @property
    def done(self) -> int:
        """How many items have their outcome."""
        return sum(self.outcomes.values())

    @property
    def state(self) -> JobState:
        """Where it stands."""
        if self.finished_at is None:
            return JobState.RUNNING if self.paused_at is None else JobState.PAUSED
        return JobState.CANCELLED if CANCELLED in self.outcomes else JobState.FINISHED


def described(selection: Selection) -> str:
    """A selection as JSON: equal for equal ones. A long list is told by its length and digest."""
    told: dict[str, Any] = {}
    for name in ("organization_id", "account_id", "domain"):
        if (value := getattr(selection, name)) is not None:
            told[name] = value
    if selection.filters is not None:
        told["query"] = {name: _plain(value) for name, value in asdict(selection.filters).items() if value is not None}
    for name in ("serials", "keys"):
        values = sorted(set(getattr(selection, name)))
        if len(values) > _MOST_WRITTEN_OUT:
            told[name] = {"count": len(values), "sha256": sha256("\n".join(values).encode("ascii")).hexdigest()}
        elif values:
            told[name] = values
    return json.dumps(told, sort_keys=True)


def _plain(value: Any) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
