"""A row of the journal as one JSON object: everything that its digest covers, so that a receiver can check the chain itself."""

import json
from datetime import UTC

from directca.journal.model import Row


def as_json(row: Row) -> str:
    """One line of ASCII, without a line break. `at` is written as the digest covers it."""
    event = row.event
    fields = {
        "position": row.position,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "kind": event.kind,
        "actor": event.actor,
        "subject": event.subject,
        "outcome": event.outcome,
        "account_id": event.account_id,
        "detail": dict(event.detail),
        "previous_digest": row.previous_digest,
        "digest": row.digest,
    }
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=True)
