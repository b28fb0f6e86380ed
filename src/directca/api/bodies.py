"""Reading JSON bodies: bounded, strict, and with errors that name what is wrong."""

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from directca.errors import Malformed

LARGEST = 65_536
_DEEPEST = 16
_LONGEST_NUMBER = 30
_LONGEST_NAME = 60

_WANTED = {
    "missing": "it is required",
    "model_type": "an object is wanted",
    "dict_type": "an object is wanted",
    "list_type": "a list is wanted",
    "string_type": "a string is wanted",
    "bool_type": "true or false is wanted",
    "int_type": "a whole number is wanted",
    "enum": "{expected} is wanted",
    "literal_error": "{expected} is wanted",
    "greater_than_equal": "{ge} or more is wanted",
    "less_than_equal": "{le} or less is wanted",
    "string_too_short": "at least {min_length} characters are wanted",
    "string_too_long": "at most {max_length} characters are wanted",
    "list_too_short": "a list of at least {min_length} is wanted",
    "list_too_long": "a list of at most {max_length} is wanted",
}
"""What is wanted, by the library's name of what is wrong with a value."""

Model = TypeVar("Model", bound=BaseModel)


class TooLarge(Malformed):
    """The body is larger than any request of this API can be."""

    slug = "body_too_large"


class BadJson(Malformed):
    """The body is not JSON in UTF-8, names a key twice, or is nested too deeply."""

    slug = "bad_json"


class BadContentType(Malformed):
    """The body is not declared as `application/json`."""

    slug = "bad_content_type"


class UnknownParameter(Malformed):
    """A parameter that this function does not have."""

    slug = "unknown_parameter"


class BadParameter(Malformed):
    """A parameter whose value is of the wrong kind."""

    slug = "bad_parameter"


async def read(request: Request, *, most: int = LARGEST) -> bytes:
    """The body, refused as soon as it is seen to be too large."""
    declared = request.headers.get("content-length", "0")
    if declared.isascii() and declared.isdigit() and (len(declared) > _LONGEST_NUMBER or int(declared) > most):
        raise _too_large(most)
    body = await received(request, most)
    if body is None:
        raise _too_large(most)
    return body


async def received(request: Request, most: int) -> bytes | None:
    """All of the body, mostly in one piece; None as soon as it is seen to be longer. Raises ClientDisconnect.

    The framework's own way to it, a generator, takes as long as all else that is done with most bodies.
    """
    parts: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            return None
        if not message.get("more_body", False):
            return b"".join([*parts, part]) if parts else part
        parts.append(part)


def as_object(body: bytes, content_type: str | None, *, required: bool) -> dict[str, Any]:
    """The JSON object of a body; an empty one, where a body is optional, is an empty object.

    Raises BadContentType, BadJson.
    """
    if not body.strip() and not required:
        return {}
    media_type, _, parameters = (content_type or "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise BadContentType("Send the body as Content-Type: application/json, in UTF-8.")
    _check_beginning(body)
    try:
        text = body.decode("utf-8")
        if text.startswith("\ufeff"):
            raise json.JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", text, 0)
        value = _JSON.decode(text)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadJson("The body has one half of a surrogate pair, which is no character.") from error
    except UnicodeDecodeError as error:
        raise BadJson("The body is not UTF-8.") from error
    except RecursionError as error:
        raise BadJson(f"The body is nested deeper than {_DEEPEST} levels.") from error
    except ValueError as error:
        raise BadJson(f"The body is not JSON: {error}.") from error
    _check_depth(value, 1)
    if not isinstance(value, dict):
        raise BadJson("The body must be a JSON object.")
    return value


def parsed(model: type[Model], values: dict[str, Any]) -> Model:
    """The values as a model. Raises UnknownParameter or BadParameter, which name the parameter."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:_LONGEST_NAME] or None
        if first["type"] == "extra_forbidden":
            raise UnknownParameter(
                f"There is no parameter {field or ''!r}. The documentation under /docs has those there are.", field=field
            ) from None
        raise BadParameter(
            f"{field or 'The body'}: {_words(first['type'], first.get('ctx', {}), first['msg'])}.", field=field
        ) from None


def no_parameters(request: Request, *known: str) -> None:
    """Refuse query parameters that the function does not have, and any that is sent twice."""
    if not request.scope.get("query_string"):
        return
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            raise UnknownParameter(f"There is no parameter {name[:60]!r} here.", field=name[:60])
        if name in seen:
            raise BadParameter(f"The parameter {name} is sent more than once; send it once.", field=name)
        seen.add(name)


def only_header(request: Request, name: str) -> str | None:
    """The value of a header, None without it. Raises BadParameter when it is sent twice: either may be the wrong one."""
    values = request.headers.getlist(name)
    if len(values) > 1:
        raise BadParameter(f"The header {name} is sent more than once; send it once.", field=name)
    return values[0] if values else None


def flag(request: Request, name: str) -> bool:
    """A query parameter that is `true` or `false`; false when it is absent."""
    if not request.scope.get("query_string"):
        return False
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise BadParameter(f"{name} must be true or false.", field=name)
    return value == "true"


def _words(kind: str, limits: Mapping[str, Any], otherwise: str) -> str:
    """What is wanted in place of a value, in the words of this API; those of the library speak of Python."""
    if kind in ("too_short", "too_long"):
        kind = f"list_{kind}" if limits["field_type"] == "List" else f"string_{kind}"
    return _WANTED[kind].format(**limits) if kind in _WANTED else otherwise


def _check_beginning(body: bytes) -> None:
    """Raise BadJson for what the parser would explain in words of its own."""
    if not body.strip():
        raise BadJson("The body is empty; send a JSON object.")
    if body.startswith(BOM_UTF8):
        raise BadJson("The body begins with a byte order mark, which JSON does not have. Send it without (RFC 8259 8.1).")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands there twice")
    return made


def _short(digits: str) -> int:
    if len(digits) > _LONGEST_NUMBER:
        raise ValueError(f"a number has more than {_LONGEST_NUMBER} digits")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_short)


def _check_depth(value: object, depth: int) -> None:
    if depth > _DEEPEST:
        raise BadJson(f"The body is nested deeper than {_DEEPEST} levels.")
    if isinstance(value, dict):
        for one in value.values():
            _check_depth(one, depth + 1)
    elif isinstance(value, list):
        for one in value:
            _check_depth(one, depth + 1)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The body is larger than {most} bytes.")
