"""The certificate record and the page of a query, as the API defines them, with what this client reads of them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from directca.cli.client.failures import Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A pair of certificates. `verbatim` is what the server sent, for scripts and for the file kept beside the keys."""

    identifier: str
    status: str | None
    kind: str | None
    organization: str | None
    organization_type: str | None
    signing_serial: str
    encryption_serial: str
    signing_certificate: str | None
    encryption_certificate: str | None
    chain: str | None
    not_before: datetime | None
    not_after: datetime | None
    revocation_reason: str | None
    revoked_at: datetime | None
    verbatim: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a query."""

    total: int
    returned: int
    next_uri: str | None
    records: tuple[Record, ...]
    verbatim: dict[str, Any] = field(repr=False)


def record(facts: object) -> Record:
    """Read a record. Raises Unreachable if it lacks what every certificate record has."""
    if not isinstance(facts, dict):
        raise _not_a_record()
    return Record(
        identifier=_required(facts, "identifier"),
        status=_text(facts, "status"),
        kind=_text(facts, "kind"),
        organization=_text(facts, "organization"),
        organization_type=_text(facts, "organization_type"),
        signing_serial=_required(facts, "signing_cert_serial"),
        encryption_serial=_required(facts, "encryption_cert_serial"),
        signing_certificate=_text(facts, "signing_cert"),
        encryption_certificate=_text(facts, "encryption_cert"),
        chain=_text(facts, "ca_chain"),
        not_before=_moment(facts, "not_before_ts"),
        not_after=_moment(facts, "not_after_ts"),
        revocation_reason=_text(facts, "revocation_reason"),
        revoked_at=_moment(facts, "revoked_ts"),
        verbatim=facts,
    )


def page(facts: dict[str, Any]) -> Page:
    """Read a query's answer."""
    about, rows = facts.get("query"), facts.get("records")
    if not isinstance(about, dict) or not isinstance(rows, list):
        raise _not_a_record()
    total, returned = about.get("totalCount"), about.get("returnedCount")
    if not isinstance(total, int) or not isinstance(returned, int):
        raise _not_a_record()
    return Page(
        total=total,
        returned=returned,
        next_uri=_text(about, "nextPageUri"),
        records=tuple(record(row) for row in rows),
        verbatim=facts,
    )


def _required(facts: dict[str, Any], key: str) -> str:
    found = _text(facts, key)
    if found is None:
        raise _not_a_record()
    return found


def _text(facts: dict[str, Any], key: str) -> str | None:
    value = facts.get(key)
    return value if isinstance(value, str) and value else None


def _moment(facts: dict[str, Any], key: str) -> datetime | None:
    value = _text(facts, key)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        raise _not_a_record() from None


def _not_a_record() -> Unreachable:
    return Unreachable("The server's answer is not what the API promises. Check the server's address and version.")
