"""Claims on domains, and attempts to meet them, as JSON."""

from collections.abc import Mapping
from typing import Any

from directca.clock import rfc3339
from directca.vetting.domain_model import Attempt, ChallengeState, DomainView


def shown(view: DomainView, tries: int) -> dict[str, Any]:
    """A claim, the same object for every function. What must be done stands in it as long as it can be done; a code never does.
    `tries`: how many a code has."""
    challenge, claim = view.challenge, view.claim
    is_open = challenge is not None and challenge.state is ChallengeState.OPEN
    return {
        "id": None if challenge is None else challenge.id,
        "domain": view.domain,
        "organization_id": view.organization_id,
        "organization": view.legal_name,
        "method": view.method.value,
        "state": view.standing.value,
        "record_name": view.domain if challenge is not None and challenge.token else None,
        "record_value": challenge.record if challenge is not None and challenge.token else None,
        "mailed_to": challenge.recipient if challenge is not None and challenge.mailbox else None,
        "tries_left": max(0, tries - challenge.tries) if challenge is not None and challenge.mailbox and is_open else None,
        "made_ts": None if challenge is None else rfc3339(challenge.made_at),
        "answer_by_ts": rfc3339(challenge.expires_at) if challenge is not None and is_open else None,
        "verified_ts": None if claim is None else rfc3339(claim.verified_at),
        "expires_ts": None if claim is None else rfc3339(claim.expires_at),
    }


def attempted(attempt: Attempt) -> dict[str, Any]:
    """An attempt, with what was seen."""
    seen: Mapping[str, Any] = attempt.seen
    return {
        "id": attempt.id,
        "kind": attempt.kind.value,
        "outcome": attempt.outcome.value,
        "at_ts": rfc3339(attempt.at),
        "seen": dict(seen),
    }
