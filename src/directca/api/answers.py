"""Answers of the API: JSON that nobody on the way keeps."""

import json
from typing import Any

from starlette.responses import Response

JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
"""As every answer is written."""


def json_of(content: dict[str, Any]) -> Response:
    """An answer that nobody keeps."""
    return json_text(JSON.encode(content))


def json_text(text: str) -> Response:
    """The same, of an answer that is JSON already."""
    return Response(text, 200, {"Cache-Control": "no-store"}, "application/json")
