"""Stylesheet, scripts and images: read once, served from memory under an address that changes with the content."""

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from directca.web.headers import security_headers

FOLDER = Path(__file__).parent / "static"

_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True)
class StaticFile:
    """One file as it is sent."""

    content: bytes
    media_type: str
    version: str


class StaticFiles:
    """Every file of the folder. A request can only name one of them; no path is ever built from it."""

    def __init__(self, folder: Path = FOLDER, *, https: bool = False) -> None:
        self._headers = security_headers(https=https)
        self._files = {path.relative_to(folder).as_posix(): _read(path) for path in sorted(folder.rglob("*")) if path.is_file()}

    def address(self, name: str) -> str:
        """Where the file is, with its version: a browser keeps it for as long as it stays the same."""
        return f"/static/{name}?v={self._files[name].version}"

    def answer(self, request: Request, name: str) -> Response:
        """The file, or 304 when the browser has it already, or 404."""
        found = self._files.get(name)
        if found is None:
            return PlainTextResponse("There is no such file.\n", 404, self._headers)
        cache = _FOREVER if request.query_params.get("v") == found.version else _ASK_AGAIN
        headers = {**self._headers, "Cache-Control": cache, "ETag": f'"{found.version}"'}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(found.content, 200, headers, found.media_type)


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return StaticFile(content, media_type, hashlib.sha256(content).hexdigest()[:16])
