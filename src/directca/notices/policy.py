"""Decisions about notices: what a row of the journal says to its account, and when an end that comes nearer is told."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from directca.clock import rfc3339
from directca.journal.model import Event, Fact, Row
from directca.notices.model import EventKind, Told
from directca.vetting.proposal_errors import AwaitsApproval

_SUCCESS = "success"
_MOMENTS = frozenset({"not_after", "expires_at", "ends_at", "invalidity_date"})
_ID_DIGITS = 24
_PAIR = ("identifier", "signing_serial", "encryption_serial")
_ENDING = ("identifier", "organization", "domain", "claim", "proofing", "representative", "signing_serial", "encryption_serial")

# The facts that are passed on, by name: a row of the journal speaks to an auditor, and what it may say one day is not the
# account's to know by itself.
_PLAIN: Mapping[EventKind, tuple[str, ...]] = MappingProxyType(
    {
        EventKind.CERTIFICATE_ISSUED: (*_PAIR, "order", "not_after"),
        EventKind.CERTIFICATE_HELD: (*_PAIR, "reason"),
        EventKind.CERTIFICATE_RELEASED: (*_PAIR, "reason"),
        EventKind.CERTIFICATE_REVOKED: (*_PAIR, "reason", "invalidity_date"),
        EventKind.CERTIFICATE_EXPIRING: (*_ENDING, "ends_at", "days"),
        EventKind.CERTIFICATE_EXPIRED: (*_ENDING, "ends_at"),
        EventKind.DOMAIN_VERIFIED: ("domain", "claim", "method", "expires_at"),
        EventKind.DOMAIN_EXPIRING: (*_ENDING, "ends_at", "days"),
        EventKind.DOMAIN_EXPIRED: (*_ENDING, "ends_at"),
        EventKind.PROOFING_EXPIRING: (*_ENDING, "ends_at", "days"),
        EventKind.PROOFING_EXPIRED: (*_ENDING, "ends_at"),
        EventKind.ORGANIZATION_SUSPENDED: ("reason",),
        EventKind.ORGANIZATION_REINSTATED: ("reason",),
        EventKind.ORGANIZATION_ENDED: ("reason",),
        EventKind.ORDER_WAITING: ("identifier", "order", "reason", "proposal"),
        EventKind.WEBHOOK_DISABLED: ("url", "why"),
        EventKind.BALANCE_LOW: ("balance_cents", "threshold_cents", "currency"),
    }
)
"""Kinds whose rows have the very name, with what is passed on of each."""

_DECISIONS = MappingProxyType({"case.approved": "approved", "case.rejected": "rejected", "case.sent_back": "sent_back"})


def told(row: Row) -> Told | None:
    """What a row says to its account; None for one that says nothing to it."""
    event = row.event
    if event.account_id is None:
        return None
    if event.outcome != _SUCCESS:
        return _waiting(event, event.account_id)
    if event.kind in _DECISIONS:
        return _decision(event, event.account_id)
    if event.kind == EventKind.CASE_NOTED:
        return _note(event, event.account_id)
    if event.kind not in _PLAIN:
        return None
    kind = EventKind(event.kind)
    facts = {name: _fact(name, event.detail[name]) for name in _PLAIN[kind] if name in event.detail}
    return Told(event.account_id, kind, event.subject, facts)


def _waiting(event: Event, account_id: str) -> Told | None:
    """What waits for an officer is refused until it is approved; asked for again, it is issued. No other refusal is told."""
    if event.kind != "certificate.refused" or event.outcome != AwaitsApproval.slug:
        return None
    waits = {"identifier": event.detail.get("identifier"), "reason": event.outcome}
    return Told(account_id, EventKind.ORDER_WAITING, event.subject, waits)


def _note(event: Event, account_id: str) -> Told | None:
    ours = event.detail.get("side") == "authority"
    return Told(account_id, EventKind.CASE_NOTED, event.subject, {}) if ours else None


def _fact(name: str, value: Fact) -> Fact:
    """A fact as it is told: moments in the one form that every edge has."""
    return rfc3339(datetime.fromisoformat(value).astimezone(UTC)) if name in _MOMENTS and isinstance(value, str) else value


def _decision(event: Event, account_id: str) -> Told | None:
    state = event.detail.get("state")
    decision = "refused" if state == "refused" else _DECISIONS[event.kind]
    if decision == "approved" and state != "approved":
        return None  # the first of two who must agree
    data = {"decision": decision, "reason": event.detail.get("reason")}
    return Told(account_id, EventKind.CASE_DECIDED, event.subject, data)


def event_id(row: Row) -> str:
    """The identifier of what a row says: the row's own digest, shortened, so that it is the same whoever works it out."""
    return f"evt_{row.digest[:_ID_DIGITS]}"


def days_to_tell(ends_at: datetime, now: datetime, days: Sequence[int]) -> int | None:
    """Which notice is due: the fewest days whose time has come, 0 when the end is over, None when it is far.

    Where several have come at once, as after a long stop, only the last is told.
    """
    if now >= ends_at:
        return 0
    return next((one for one in sorted(days) if ends_at - now <= timedelta(days=one)), None)


def wanted(kinds: Sequence[str], kind: EventKind) -> bool:
    """Whether somebody who named these kinds wants this one; naming none means all of them."""
    return not kinds or kind in kinds
