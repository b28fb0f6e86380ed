"""Authorities over addresses, and files of them, as JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from directca.clock import rfc3339
from directca.vetting.address_model import AddressPage, AddressUpload, WrongRow
from directca.vetting.model import MailboxAuthority


def address(one: MailboxAuthority, now: datetime) -> dict[str, Any]:
    """An authority, the same object for every function."""
    expired = one.expires_at is not None and one.expires_at <= now
    return {
        "address": f"{one.mailbox}@{one.domain}",
        "domain": one.domain,
        "mailbox": one.mailbox,
        "organization": one.organization_id,
        "state": "expired" if expired else "active",
        "granted_ts": rfc3339(one.granted_at),
        "expires_ts": None if one.expires_at is None else rfc3339(one.expires_at),
    }


def page(found: AddressPage, now: datetime) -> dict[str, Any]:
    """Some of an organization's authorities."""
    rows = [address(one, now) for one in found.found]
    follows = rows[-1]["address"] if found.more else None
    return {"organization": found.organization_id, "total": found.total, "next": follows, "addresses": rows}


def upload(one: AddressUpload) -> dict[str, Any]:
    """A file, and how far it has come."""
    counts = {name: getattr(one, name) for name in ("total", "checked", "wrong", "added", "changed", "unchanged", "sha256")}
    return {
        "id": one.id,
        "organization": one.organization_id,
        "state": one.state.value,
        **counts,
        "brought_ts": rfc3339(one.brought_at),
        "settled_ts": None if one.settled_at is None else rfc3339(one.settled_at),
    }


def wrong(total: int, rows: Sequence[WrongRow], *, limit: int) -> dict[str, Any]:
    """Rows that cannot be taken."""
    follows = rows[-1].line if len(rows) == limit else None
    shown = [{"line": one.line, "column": one.column, "value": one.value, "why": one.why} for one in rows]
    return {"total": total, "next": follows, "rows": shown}
