"""Which certificates a caller means, in the words of the query and in lists: for officers' functions and operators' commands."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from directca.api import query_parameters
from directca.api.bodies import BadParameter, UnknownParameter
from directca.certificates.chosen import Selection
from directca.certificates.filters import Filters
from directca.direct import names
from directca.direct.names import Kind

_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST = 64
_PAGING = ("limit", "offset", "cursor")

QUERY_WORDS = tuple(name for name in query_parameters.PARAMETERS if name not in _PAGING)
"""The filters of the query function, which a selection takes too."""


@dataclass(frozen=True)
class Said:
    """What a caller says, unread."""

    organization: str | None = None
    account: str | None = None
    domain: str | None = None
    query: Mapping[str, str] | None = None
    serials: Iterable[str] = ()
    keys: Iterable[str] = ()


def selection(said: Said) -> Selection:
    """The selection that is meant. Raises BadParameter, UnknownParameter and BadDirectName, which name what is wrong."""
    return Selection(
        organization_id=_identifier("organization", said.organization),
        account_id=_identifier("account", said.account),
        domain=_domain(said.domain),
        filters=_filters(said.query),
        serials=tuple(dict.fromkeys(_serial(one) for one in said.serials)),
        keys=tuple(dict.fromkeys(_digest(one) for one in said.keys)),
    )


def _identifier(field: str, value: str | None) -> str | None:
    if value is not None and not 1 <= len(value) <= _LONGEST:
        raise BadParameter(f"{field} must have 1 to {_LONGEST} characters; leave it out to not choose by it.", field=field)
    return value


def _domain(value: str | None) -> str | None:
    if value is None:
        return None
    name = names.parse(value, field="domain")
    if name.kind is not Kind.DOMAIN:
        raise BadParameter(
            "domain must be a domain, such as direct.example.org. For one address use commonNameIs.", field="domain"
        )
    return name.value


def _filters(query: Mapping[str, str] | None) -> Filters | None:
    if query is None:
        return None
    for name in query:
        if name not in QUERY_WORDS:
            raise UnknownParameter(f"There is no filter {name[:60]!r}. There are: {', '.join(QUERY_WORDS)}.", field="query")
    return query_parameters.filters(QueryParams(query))


def _serial(text: str) -> str:
    serial = text.strip().lower().replace(":", "").lstrip("0") or "0"
    if not _SERIAL.fullmatch(serial):
        raise BadParameter(f"{text[:60]!r} is not a serial number in hexadecimal.", field="serials")
    return serial


def _digest(text: str) -> str:
    digest = text.strip().lower().replace(":", "")
    if not _DIGEST.fullmatch(digest):
        raise BadParameter(f"{text[:80]!r} is not the SHA-256 of a SubjectPublicKeyInfo: 64 digits in hexadecimal.", field="keys")
    return digest
