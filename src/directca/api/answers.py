"""Answers of the API: JSON that nobody on the way keeps."""

import json
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
"""As every answer is written."""

NO_STORE = ((b"cache-control", b"no-store"),)
"""What every answer says."""


class JsonText(Response):
    """JSON that is text already, with header fields that are as they are sent: their names in lower case."""

    media_type = "application/json"

    def __init__(self, text: str, status: int = 200, fields: Iterable[tuple[bytes, bytes]] = NO_STORE) -> None:
        # What the framework does for whatever content and fields takes longer than all the rest of an answer's way.
        self.status_code = status
        self.background = None
        self.body = text.encode()
        self.raw_headers = [*fields, (b"content-length", b"%d" % len(self.body)), (b"content-type", b"application/json")]


def json_of(content: dict[str, Any]) -> Response:
    """An answer that nobody keeps."""
    return json_text(JSON.encode(content))


def json_text(text: str) -> Response:
    """The same, of an answer that is JSON already."""
    return JsonText(text)
