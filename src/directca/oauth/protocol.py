"""Requests and answers of the protocol, as the RFCs see them and without any framework.

Parameters arrive as pairs, in order and with repetitions, so that a repeated one can be refused (RFC 6749 3.1, 3.2). One
without a value counts as absent (same clauses). Parameters that an endpoint does not know are ignored.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from directca.errors import RateLimited, Unavailable
from directca.oauth.errors import REALM, InvalidClient, InvalidRequest, OAuthError, SlowDown, TemporarilyUnavailable

Pairs = tuple[tuple[str, str], ...]

FORM = "application/x-www-form-urlencoded"
LARGEST_BODY = 65_536
_MOST_FIELDS = 100

NO_STORE: Pairs = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
"""RFC 6749 5.1: on every answer that holds tokens, and on the others because nothing is gained by caching them."""

_VSCHAR = re.compile(r"[\x20-\x7e]*")
_NOT_IN_DESCRIPTION = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")


@dataclass(frozen=True)
class Parameters:
    """What was sent, in the order in which it was sent."""

    pairs: Pairs

    def one(self, name: str) -> str | None:
        """The value of a parameter that was sent once and is not empty."""
        values = [value for key, value in self.pairs if key == name]
        return values[0] or None if len(values) == 1 else None

    def repeated(self, names: Iterable[str]) -> str | None:
        """The first of these names that was sent more than once."""
        sent = [key for key, _ in self.pairs]
        return next((name for name in names if sent.count(name) > 1), None)

    def unprintable(self, names: Iterable[str]) -> str | None:
        """The first of these names whose value is not visible ASCII and spaces, the widest syntax of RFC 6749 appendix A."""
        wanted = frozenset(names)
        return next((key for key, value in self.pairs if key in wanted and not _VSCHAR.fullmatch(value)), None)

    def required(self, name: str) -> str:
        """The value of a parameter that must be there."""
        value = self.one(name)
        if value is None:
            raise InvalidRequest(f"The parameter {name} is missing.")
        return value

    def check_shape(self, names: Iterable[str]) -> None:
        """Raise `InvalidRequest` if one of these is repeated or holds characters that none of them may hold."""
        if self._is_plain():
            return
        known = tuple(names)
        if (name := self.repeated(known)) is not None:
            raise InvalidRequest(f"The parameter {name} is sent more than once; send it once.")
        if (name := self.unprintable(known)) is not None:
            raise InvalidRequest(f"The parameter {name} holds characters other than printable ASCII.")

    def _is_plain(self) -> bool:
        """Whether nothing at all is repeated, or other than printable ASCII."""
        values = "".join([value for _, value in self.pairs])
        return len(dict(self.pairs)) == len(self.pairs) and values.isascii() and values.isprintable()


@dataclass(frozen=True)
class OAuthRequest:
    """A request to the token, revocation or introspection endpoint: the form, and the Authorization header if there was one."""

    parameters: Parameters
    authorization: str | None = None


@dataclass(frozen=True)
class OAuthResponse:
    """An answer: status, JSON body, headers beyond the content type."""

    status: int
    body: dict[str, object]
    headers: Pairs = field(default=NO_STORE)


def parse_form(content_type: str | None, body: bytes) -> Parameters:
    """The parameters of a form body (RFC 6749 appendix B). Raises `InvalidRequest`."""
    media_type, _, parameter = (content_type or "").partition(";")
    charset = parameter.strip().lower().replace('"', "")
    if media_type.strip().lower() != FORM or charset not in {"", "charset=utf-8"}:
        raise InvalidRequest(f"The body must be sent as {FORM}.")
    if len(body) > LARGEST_BODY:
        raise InvalidRequest(f"The body is larger than {LARGEST_BODY} bytes.")
    try:
        return parse_query(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not UTF-8.") from None


def parse_query(text: str) -> Parameters:
    """The parameters of a query string or a form body. Raises `InvalidRequest`."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except UnicodeDecodeError:
        raise InvalidRequest("A parameter is not UTF-8 when its percent-encoding is undone.") from None
    except ValueError:
        raise InvalidRequest(f"More than {_MOST_FIELDS} parameters are sent.") from None
    return Parameters(tuple(pairs))


def refusal(error: OAuthError) -> OAuthResponse:
    """The error in the form of RFC 6749 5.2, with `description`, the certificate API's own key, beside it."""
    detail = description(error.detail)
    headers = NO_STORE
    if isinstance(error, InvalidClient):
        # RFC 6749 5.2 and RFC 9110 11.6.1: a 401 names a scheme that would be accepted.
        headers = (*headers, ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'))
    return OAuthResponse(error.status, {"error": error.error, "error_description": detail, "description": detail}, headers)


def unavailable(error: Unavailable) -> OAuthResponse:
    """The answer when the authority itself cannot act: 503 and when to try again."""
    answer = refusal(TemporarilyUnavailable("The server cannot answer now; try again in a few seconds."))
    return OAuthResponse(answer.status, answer.body, (*answer.headers, ("Retry-After", str(error.retry_after))))


def slow_down(error: RateLimited) -> OAuthResponse:
    """The answer to whoever calls too often (RFC 6585 4): 429 and when to try again."""
    answer = refusal(SlowDown(error.detail))
    return OAuthResponse(answer.status, answer.body, (*answer.headers, ("Retry-After", str(error.retry_after))))


def description(detail: str) -> str:
    """The text without what RFC 6749 5.2 excludes from `error_description`: quotes, backslashes, anything beyond ASCII."""
    return _NOT_IN_DESCRIPTION.sub("?", detail)
