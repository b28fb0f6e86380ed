"""The query's parameters and its page addresses.

A page address carries a cursor, the place in the register where the page begins, besides the offset, so that following
`nextPageUri` costs the same on every page and neither skips nor repeats a record.
"""

import re
from dataclasses import replace
from urllib.parse import quote

from starlette.datastructures import QueryParams

from directca.api.bodies import BadParameter
from directca.api.moments import exact_moment, of_address
from directca.certificates.filters import DEFAULT_LIMIT, MAXIMUM_LIMIT, Filters, Window
from directca.certificates.model import Status
from directca.certificates.query import Page

PARAMETERS = (
    "commonNameIs",
    "commonNameLike",
    "signingSerialIs",
    "encryptionSerialIs",
    "statusIs",
    "expiresBefore",
    "expiresAfter",
    "organizationIs",
    "limit",
    "offset",
    "cursor",
)
_CURSOR = re.compile(r"(older|newer)-([0-9]{1,18})")
_SERIAL = re.compile(r"[0-9a-f:]{1,120}")
_LONGEST = 256
_LARGEST_OFFSET = 10**9


def filters(parameters: QueryParams) -> Filters:
    """What the parameters ask for. Raises BadParameter, which names the parameter."""
    for name in PARAMETERS:
        value = parameters.get(name)
        if value is not None and (not value or len(value) > _LONGEST or "\0" in value):
            raise BadParameter(f"{name} must have 1 to {_LONGEST} characters; leave it out to not filter by it.", field=name)
    return Filters(
        name_is=_lower(parameters.get("commonNameIs")),
        name_like=_lower(parameters.get("commonNameLike")),
        signing_serial=_serial(parameters, "signingSerialIs"),
        encryption_serial=_serial(parameters, "encryptionSerialIs"),
        status=_status(parameters.get("statusIs")),
        expires_before=exact_moment(of_address(parameters.get("expiresBefore")), field="expiresBefore"),
        expires_after=exact_moment(of_address(parameters.get("expiresAfter")), field="expiresAfter"),
        organization=parameters.get("organizationIs"),
    )


def window(parameters: QueryParams) -> Window:
    """Which page. Raises BadParameter."""
    found = Window(
        limit=whole_number(parameters, "limit", DEFAULT_LIMIT, 1, MAXIMUM_LIMIT),
        offset=whole_number(parameters, "offset", 0, 0, _LARGEST_OFFSET),
    )
    cursor = parameters.get("cursor")
    if cursor is None:
        return found
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise BadParameter("cursor must be taken as it is from a page address of an earlier answer.", field="cursor")
    position = int(match[2])
    return replace(found, before=position) if match[1] == "older" else replace(found, after=position)


def addresses(parameters: QueryParams, window: Window, page: Page, base: str) -> tuple[str, str | None, str | None]:
    """The addresses of this page, the previous and the next one."""
    kept = [(name, value) for name, value in parameters.multi_items() if name not in ("limit", "offset", "cursor")]

    def address(offset: int, cursor: str | None) -> str:
        pairs = [*kept, ("limit", str(window.limit)), ("offset", str(offset))]
        if cursor is not None:
            pairs.append(("cursor", cursor))
        return base + "?" + "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in pairs)

    positions = [pair.record.position or 0 for pair in page.pairs]
    previous = following = None
    # From behind the end, whatever offset that was, the way back leads to the last page.
    behind = window.offset if positions else min(window.offset, page.total)
    if page.newer and behind > 0:
        first = positions[0] if positions else (window.before or 1) - 1
        previous = address(max(0, behind - window.limit), f"newer-{first}")
    if page.older and positions:
        following = address(window.offset + len(positions), f"older-{positions[-1]}")
    return address(window.offset, parameters.get("cursor")), previous, following


def _lower(value: str | None) -> str | None:
    # ASCII only: names are ASCII, and lower-casing others could make a match of what is none.
    return None if value is None else "".join(one.lower() if one.isascii() else one for one in value)


def _serial(parameters: QueryParams, name: str) -> str | None:
    value = parameters.get(name)
    if value is None:
        return None
    if not _SERIAL.fullmatch(value.lower()):
        raise BadParameter(f"{name} must be a serial number in hexadecimal.", field=name)
    return value.lower().replace(":", "").lstrip("0") or "0"


def _status(value: str | None) -> Status | None:
    if value is None:
        return None
    try:
        return Status(value)
    except ValueError as error:
        words = ", ".join(one.value for one in Status)
        raise BadParameter(f"statusIs must be one of: {words}.", field="statusIs") from error


def whole_number(parameters: QueryParams, name: str, default: int, least: int, most: int) -> int:
    """A parameter that is a whole number within bounds, both included. Raises BadParameter."""
    value = parameters.get(name)
    if value is None:
        return default
    if not (value.isascii() and value.isdigit() and len(value) <= 18 and least <= int(value) <= most):
        raise BadParameter(f"{name} must be a whole number from {least} to {most}.", field=name)
    return int(value)
