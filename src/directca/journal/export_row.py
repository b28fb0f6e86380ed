"""A row of the journal as one JSON object: everything that its digest covers, so that a receiver can check the chain itself."""

import json
from datetime import UTC

from directca.journal.model import Row


def as_json(row: Row) -> str:
    """One line of ASCII, without a line break. `at` is written as the digest covers it."""
    fields = row.values() | {"at": row.at.astimezone(UTC).isoformat(timespec="microseconds")}
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=True)
