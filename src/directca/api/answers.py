"""Answers of the API: JSON that nobody on the way keeps."""

import json
from typing import Any

from starlette.responses import Response


def json_of(content: dict[str, Any]) -> Response:
    """An answer that nobody keeps."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return Response(text, 200, {"Cache-Control": "no-store"}, "application/json")
