"""The form in which an event is told, by whichever way."""

import json
from typing import Any

from directca.clock import rfc3339
from directca.notices.model import Event


def event_values(one: Event) -> dict[str, Any]:
    """An event as the feed and webhooks have it."""
    return {
        "id": one.id,
        "position": one.position,
        "type": one.kind.value,
        "at_ts": rfc3339(one.at),
        "subject": one.subject,
        "data": dict(one.data),
    }


def as_json(values: dict[str, Any]) -> str:
    """The text that is sent, and signed."""
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
