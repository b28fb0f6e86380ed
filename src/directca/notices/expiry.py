"""Tell that something ends: pairs, claims on domains, proofings, on the days that the policy names and when it has ended.

What is told is a row of the journal, and that it was told is remembered in the commit of that row: so no notice is told twice,
whoever looks and however often, and the events are made of the rows as of any others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from directca.accounts import accounts
from directca.accounts.model import AccountStatus
from directca.certificates.endings import ending
from directca.db import leases
from directca.db.engine import Tx
from directca.journal.model import Event as Row
from directca.journal.model import Fact
from directca.journal.record import append
from directca.notices import delivery_store, letter_store
from directca.notices import event_store as store
from directca.notices.context import Notices
from directca.notices.errors import NoticesRunning
from directca.notices.model import EventKind
from directca.notices.policy import days_to_tell
from directca.vetting.endings import ending_claims, ending_proofings

ACTOR = "system:notices"
LEASE = "ends"
_DURATION = timedelta(seconds=60)
_BATCH = 200
_LOOKS_BACK = timedelta(days=7)
"""What ended longer ago, as before the first start, is told no more."""


@dataclass(frozen=True)
class _Ending:
    """Something that ends: by which name it is remembered, whose it is, and what is told of it."""

    about: str
    account_id: str
    subject: str
    ends_at: datetime
    expiring: EventKind
    expired: EventKind
    facts: dict[str, Fact] = field(default_factory=dict)


_Due = tuple[_Ending, int]
"""An end, and how many days before it is to be told."""


def tell_ends(notices: Notices, holder: str) -> int:
    """Tell of every end whose notice is due; how many notices these were.

    Raises NoticesRunning while another process does it, LeaseLost if one has begun meanwhile.
    """
    now = notices.clock.now()
    with notices.database.read() as tx:
        near = [(one, days) for one in _endings(tx, notices, now) if (days := _days(notices, one, now)) is not None]
        due = [pair for some in _chunks(near) for pair in _untold(tx, some)]
    if due:
        _take_lease(notices, holder)
    told = 0
    for some in _chunks(due):
        with notices.database.write() as tx:
            leases.require(tx, LEASE, holder)
            untold = _untold(tx, some)  # once more, where nobody else can tell at the same time
            for one, days in untold:
                store.say(tx, one.about, one.ends_at, days, now)
            append(tx, *(_row(one, days) for one, days in untold), at=now)
            told += len(untold)
    return told


def forget(notices: Notices, keep: timedelta, log: timedelta, *, most: int = 5_000) -> int:
    """Forget events that are older than they are kept, deliveries that were settled before the log begins, and what was told of
    ends that are long over; how many events."""
    now = notices.clock.now()
    with notices.database.write() as tx:
        store.forget_said(tx, now - 2 * _LOOKS_BACK)
        delivery_store.forget(tx, now - log, most)
        letter_store.forget(tx, now - log)
        return store.forget(tx, now - keep, most)


def _take_lease(notices: Notices, holder: str) -> None:
    with notices.database.write() as tx:
        if not leases.take(tx, LEASE, holder, now=notices.clock.now(), duration=_DURATION):
            raise NoticesRunning("Another process tells of ends; it goes on by itself.")


def _days(notices: Notices, one: _Ending, now: datetime) -> int | None:
    return days_to_tell(one.ends_at, now, notices.rules.notices.days)


def _chunks(due: Sequence[_Due]) -> Iterator[Sequence[_Due]]:
    return (due[start : start + _BATCH] for start in range(0, len(due), _BATCH))


def _untold(tx: Tx, some: Sequence[_Due]) -> list[_Due]:
    """Those of which neither this notice nor a later one was told: a later one names fewer days before the very same end."""
    known = store.said(tx, [one.about for one, _ in some])
    return [(one, days) for one, days in some if not _was_told(known.get(one.about), one, days)]


def _was_told(last: tuple[datetime, int] | None, one: _Ending, days: int) -> bool:
    return last is not None and last[0] == one.ends_at and last[1] <= days


def _row(one: _Ending, days: int) -> Row:
    detail = one.facts | {"ends_at": one.ends_at.isoformat()}
    if days:
        detail["days"] = days
    return Row(one.expiring if days else one.expired, ACTOR, one.subject, account_id=one.account_id, detail=detail)


def _endings(tx: Tx, notices: Notices, now: datetime) -> Iterator[_Ending]:
    """Everything that ends in the time that notices are about."""
    after, until = now - _LOOKS_BACK, now + timedelta(days=max(notices.rules.notices.days))
    active = [one.id for one in accounts.every(tx) if one.status is AccountStatus.ACTIVE]
    for account_id in active:
        yield from _pairs(tx, account_id, after, until)
    for one in ending_claims(tx, after, until):
        claim = one.claim
        facts: dict[str, Fact] = {"organization": one.organization, "domain": claim.domain, "claim": claim.id}
        subject = f"organization:{claim.organization_id}"
        kinds = EventKind.DOMAIN_EXPIRING, EventKind.DOMAIN_EXPIRED
        yield _Ending(f"domain:{claim.id}", one.account_id, subject, claim.expires_at, *kinds, facts)
    for each in ending_proofings(tx, notices.rules.proofing_maximum_years, after, until):
        made = each.proofing
        facts = {"organization": each.organization, "proofing": made.id, "representative": made.facts.representative}
        subject = f"organization:{made.organization_id}"
        kinds = EventKind.PROOFING_EXPIRING, EventKind.PROOFING_EXPIRED
        yield _Ending(f"proofing:{made.id}", each.account_id, subject, each.ends_at, *kinds, facts)


def _pairs(tx: Tx, account_id: str, after: datetime, until: datetime) -> Iterator[_Ending]:
    kinds = EventKind.CERTIFICATE_EXPIRING, EventKind.CERTIFICATE_EXPIRED
    for one in ending(tx, account_id, after, until):
        facts: dict[str, Fact] = {
            "identifier": one.identifier,
            "organization": one.organization,
            "signing_serial": one.signing_serial,
            "encryption_serial": one.encryption_serial,
        }
        # notAfter is the last second of the validity (RFC 5280 4.1.2.5).
        yield _Ending(f"record:{one.id}", account_id, f"record:{one.id}", one.not_after + timedelta(seconds=1), *kinds, facts)
