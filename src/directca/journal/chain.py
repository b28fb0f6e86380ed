"""The hash chain: each row's digest covers the row and the digest of the row before it, in the order of commit."""

import hashlib
import json
from datetime import datetime

from directca.journal.model import Event

GENESIS = "0" * 64
"""The digest before the first row."""

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(previous: str, position: int, at: datetime, event: Event) -> str:
    """SHA-256, as hex, over the canonical JSON of a row and its predecessor's digest."""
    fields = [
        previous,
        position,
        at.isoformat(timespec="microseconds"),
        event.kind,
        event.actor,
        event.subject,
        event.outcome,
        event.account_id,
        dict(event.detail),
    ]
    return hashlib.sha256(_CANONICAL.encode(fields).encode("ascii")).hexdigest()
