"""Forms: read within bounds, and only from our own pages.

A form is answered only if it carries the token of the browser's session and if the browser does not say that another site sent
it (`Sec-Fetch-Site`, or `Origin` where that is missing). Either check alone would do; a mistake in one leaves the other.
"""

import asyncio
import hmac
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from directca.errors import Malformed, Rejected
from directca.web.sessions import Visitor

LONGEST_FORM = 64 * 1024
"""In bytes."""

_MOST_FIELDS = 100
_MOST_FILES = 4
_SLOWEST_SECONDS = 15
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_WITH_FILES = "multipart/form-data"


class FormNotRead(Malformed):
    """What was sent is not a form that a page of ours could have sent."""

    slug = "bad_form"


class FormNotOurs(Rejected):
    """The form does not come from this browser's own session."""

    slug = "form_expired"


@dataclass(frozen=True)
class Form:
    """The fields of a form that was read, and the files that came with it, by the names of their fields."""

    fields: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The field's value; empty if it is missing."""
        return self.fields.get(name, "")


async def read_form(request: Request, longest: int = LONGEST_FORM) -> Form:
    """The fields that the browser sent, of so many bytes at most.

    Raises `FormNotRead`: wrong type, too long, too slow, not UTF-8, a field twice.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (_MEDIA_TYPE, _WITH_FILES):
        raise FormNotRead("Send the form from its own page.")
    try:
        async with asyncio.timeout(_SLOWEST_SECONDS):
            body = await _read_body(request, longest)
    except (TimeoutError, ClientDisconnect) as error:
        raise FormNotRead("The form did not arrive completely. Send it again.") from error
    return await _with_files(request, body) if media_type == _WITH_FILES else _parse(body)


def check_own(request: Request, public_url: str) -> None:
    """Raise `FormNotOurs` if the browser says that another site sent the form."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        raise FormNotOurs(_EXPIRED)
    origin = request.headers.get("origin")
    if site is None and origin is not None and origin not in {public_url, str(request.base_url).rstrip("/")}:
        raise FormNotOurs(_EXPIRED)


def check_token(visitor: Visitor, form: Form) -> None:
    """Raise `FormNotOurs` unless the form carries the token of the visitor's own session."""
    if visitor.is_new or not hmac.compare_digest(visitor.csrf_token.encode(), form.text("csrf_token").encode()):
        raise FormNotOurs(_EXPIRED)


_UNREADABLE = "The form cannot be read. Load the page again and send it once more."
_TWICE = "The form holds a field twice. Load the page again and send it once more."
_EXPIRED = (
    "The form was open for too long, or your browser keeps no cookies. Go back, load the page again and send the form once more."
)


async def _read_body(request: Request, longest: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise FormNotRead(f"The form is longer than {longest} bytes. Shorten what you entered.")
    return bytes(body)


async def _with_files(request: Request, body: bytes) -> Form:
    """A form of RFC 7578, wholly in memory: it is short."""

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}
    try:
        parser = MultiPartParser(request.headers, once(), max_files=_MOST_FILES, max_fields=_MOST_FIELDS)
        sent = await parser.parse()
    except (MultiPartException, UnicodeDecodeError, KeyError) as error:  # also without a boundary, or a part without a name
        raise FormNotRead(_UNREADABLE) from error
    try:
        for name, value in sent.multi_items():
            if isinstance(value, str):
                fields[name] = value
            else:
                files[name] = await value.read()
    finally:
        await sent.close()
    if any(text.encode() not in body for text in fields.values()):
        raise FormNotRead(_UNREADABLE)  # what is not UTF-8 is read as Latin-1 there, and so is another text than was sent
    if len(fields) + len(files) != len(sent.multi_items()):
        raise FormNotRead(_TWICE)
    return Form(fields, files)


def _parse(body: bytes) -> Form:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:  # not ASCII, not UTF-8 inside, or too many fields
        raise FormNotRead(_UNREADABLE) from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormNotRead(_TWICE)
    return Form(fields)
