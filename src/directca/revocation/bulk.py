"""Revoke many pairs: ordered in one commit, worked off in many, and finished whoever dies. `docs/flows/bulk.md` tells the same.

What an order means is settled when it is given: its records are written down with it. Each of them is then looked at once more in
the transaction that changes it, so a pair that others revoked meanwhile is left alone.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from directca.certificates import listing, register, selection
from directca.certificates.chosen import Candidate
from directca.clock import rfc3339, whole_second
from directca.db import leases
from directca.db.engine import Tx
from directca.errors import Unavailable
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk_store as store
from directca.revocation import crl, policy
from directca.revocation.bulk_errors import BadSelection, JobFinished, UnknownJob
from directca.revocation.bulk_model import Job, Plan, Wanted, described
from directca.revocation.context import Revocation
from directca.revocation.model import Requester
from directca.revocation.revoke import Application, moved

_AT_ONCE = 200
"""Records in one commit: others who want to write wait no longer than a tenth of a second."""

_LISTS_EVERY = timedelta(seconds=5)
_LEASE = timedelta(seconds=30)
_SAMPLE = 10

Told = Callable[[Job], None]
"""Hears how far the work has come, after each commit."""


def _nobody(_job: Job) -> None:
    """Nobody listens."""


def plan(ca: Revocation, requester: Requester, wanted: Wanted) -> Plan:
    """What would become of it at this moment; nothing is changed. Raises OfficersOnly, BadSelection, BadInvalidityDate."""
    _check(ca, requester, wanted)
    return _look(ca, wanted)[0]


def order(
    ca: Revocation, requester: Requester, wanted: Wanted, *, random: Callable[[int], bytes] = secrets.token_bytes
) -> tuple[Job, Plan]:
    """Write down which pairs are to be revoked; `work` does it. Asked again while the very same is under way, answers that.

    Raises OfficersOnly, StepUpFirst, BadSelection, BadInvalidityDate.
    """
    # 1 authorise
    _authorise(ca, requester, wanted)

    # 2 find
    found, candidates = _look(ca, wanted)

    # 3 order
    with ca.database.write() as tx:
        now = ca.clock.now()
        job = Job(
            id=f"{int(now.timestamp()):08x}{random(12).hex()}",
            selection=described(wanted.selection),
            reason=wanted.reason,
            invalidity_date=None if wanted.invalidity_date is None else whole_second(wanted.invalidity_date),
            actor=requester.actor,
            created_at=now,
            finished_at=None,
            total=found.total,
            refused=0,
            outcomes={},
        )
        under_way = store.like(tx, job)
        if under_way is not None:
            return under_way, found
        begin(tx, job, [one.id for one in candidates], now, explanation=wanted.explanation, unknown=len(found.unknown))
    # A crash here leaves an order that nobody works on yet; upkeep does within seconds.
    return job, found


def look(ca: Revocation, requester: Requester, wanted: Wanted) -> tuple[Plan, list[Candidate]]:
    """What an order would mean at this moment, and each pair of it, for whoever may order it.

    Raises OfficersOnly, StepUpFirst, BadSelection, BadInvalidityDate.
    """
    _authorise(ca, requester, wanted)
    return _look(ca, wanted)


def begin(tx: Tx, job: Job, record_ids: Sequence[str], now: datetime, **said: Fact) -> None:
    """Write an order down with everything that belongs to it, and its journal row, in the caller's transaction."""
    store.add(tx, job, record_ids)
    append(tx, _ordered(job, said), at=now)


def work(ca: Revocation, job_id: str, *, holder: str, told: Told = _nobody, seconds: float | None = None) -> Job:
    """Revoke what is left of an order, for so many seconds at most, and answer how far it is then.

    One process at a time works on an order; while another does, this one leaves it alone. Raises UnknownJob.
    """
    work_on = _Work(ca, show(ca, job_id), holder)
    until = None if seconds is None else ca.clock.now() + timedelta(seconds=seconds)
    while work_on.goes_on and (until is None or ca.clock.now() < until):
        # 4 revoke
        some = work_on.revoke_some()
        # A crash here leaves the rest of the items without an outcome; whoever takes the lease goes on with those.

        # 5 publish now and then
        work_on.publish_if_time()
        if some:
            told(work_on.progress)
    if work_on.is_through:
        # 6 publish
        work_on.publish()

        # 7 finish
        work_on.finish()
    return show(ca, job_id)


def resume_all(ca: Revocation, *, holder: str, seconds: float = 5.0) -> tuple[Job, ...]:
    """Go on with every order that is not finished and that nobody works on, for so many seconds each."""
    with ca.database.read() as tx:
        left = store.unfinished(tx)
    return tuple(work(ca, job_id, holder=holder, seconds=seconds) for job_id in left)


def cancel(ca: Revocation, job_id: str, *, actor: str, reason: str) -> Job:
    """Leave undone what is not done yet; what is done stays. Raises UnknownJob, JobFinished."""
    with ca.database.write() as tx:
        now = ca.clock.now()
        job = _found(tx, job_id)
        if not store.finish(tx, job_id, now):
            raise JobFinished(f"The revocation {job_id} has come to its end; there is nothing to cancel.")
        left = store.cancel_items(tx, job_id)
        append(tx, Event("bulk_revocation.cancelled", actor, _subject(job), detail={"left": left, "explanation": reason}), at=now)
    _publish(ca, actor)
    return show(ca, job_id)


def show(ca: Revocation, job_id: str) -> Job:
    """How far an order has come. Raises UnknownJob."""
    with ca.database.read() as tx:
        return _found(tx, job_id)


def newest(ca: Revocation, most: int = 50) -> tuple[Job, ...]:
    """The last orders, newest first."""
    with ca.database.read() as tx:
        return store.newest(tx, most)


class _Work:
    """One process's work on one order."""

    def __init__(self, ca: Revocation, job: Job, holder: str) -> None:
        self._ca = ca
        self._job = job
        self._holder = holder
        self._last = ""
        self._listed_at = ca.clock.now()
        self._outcomes = Counter(job.outcomes)
        self.goes_on = job.finished_at is None and job.paused_at is None
        self.is_through = False

    @property
    def progress(self) -> Job:
        """The order as far as this process knows it: counting all items anew after each commit would take as long as the work."""
        return replace(self._job, outcomes=dict(self._outcomes))

    def revoke_some(self) -> int:
        """Revoke the next records in one commit, under the lease: who has lost it changes nothing more. Answers how many."""
        with self._ca.database.write() as tx:
            now = self._ca.clock.now()
            lease = _lease(self._job)
            if not leases.take(tx, lease, self._holder, now=now, duration=_LEASE) or not store.is_open(tx, self._job.id):
                self.goes_on = False
                return 0
            ids = store.open_items(tx, self._job.id, self._last, _AT_ONCE)
            done: list[tuple[str, str]] = []
            if ids:
                self._last = ids[-1]
                done = _revoke(tx, self._job, ids, now)
                store.note(tx, self._job.id, done, refused=sum(1 for _, outcome in done if policy.is_refusal(outcome)))
        self._outcomes.update(outcome for _, outcome in done)
        if len(ids) < _AT_ONCE:
            self.goes_on, self.is_through = False, True
        return len(done)

    def publish_if_time(self) -> None:
        """Make new lists, if the last ones are some seconds old and more is to come."""
        now = self._ca.clock.now()
        if self.goes_on and now >= self._listed_at + _LISTS_EVERY:
            _publish(self._ca, self._job.actor, rested=_LISTS_EVERY)
            self._listed_at = self._ca.clock.now()

    def publish(self) -> None:
        """Make the lists that show everything."""
        _publish(self._ca, self._job.actor)

    def finish(self) -> None:
        """End the order, with a row that says what became of it."""
        ca, job = self._ca, self._job
        with ca.database.write() as tx:
            now = ca.clock.now()
            leases.give_back(tx, _lease(job), self._holder, now=now)
            if store.finish(tx, job.id, now):
                outcomes = _found(tx, job.id).outcomes
                append(tx, Event("bulk_revocation.finished", job.actor, _subject(job), detail={**outcomes}), at=now)


def _revoke(tx: Tx, job: Job, ids: list[str], now: datetime) -> list[tuple[str, str]]:
    """Apply the reason to these records, each change with its journal row; what became of each."""
    wanted = Application(job.reason, job.actor, job.invalidity_date, {"job": job.id})
    events: list[Event] = []
    outcomes: list[tuple[str, str]] = []
    for record_id in ids:
        record = register.by_id(tx, record_id)
        assert record is not None  # records are never deleted
        outcome = policy.outcome(record, job.reason, now)
        outcomes.append((record_id, outcome))
        if outcome in policy.EFFECTIVE:
            events.append(moved(tx, record, wanted, now)[1])
        elif job.reason is RevocationReason.KEY_COMPROMISE and register.block_keys(tx, record, now):
            # An expired pair is on no list (RFC 5280 3.3); its keys are refused all the same.
            detail: dict[str, Fact] = {"identifier": record.identifier, "job": job.id}
            events.append(Event("key.blocked", job.actor, f"record:{record.id}", account_id=record.account_id, detail=detail))
    append(tx, *events, at=now)
    return outcomes


def _publish(ca: Revocation, actor: str, *, rested: timedelta | None = None) -> None:
    """Make each list that is behind and whose key is here; with `rested`, only those that have stood for so long, and are due.

    One that cannot be made now stays due, and undoes nothing.
    """
    with ca.database.read() as tx:
        known = [(of, crl.newest(tx, of), listing.behind_version(tx, of.authority_id, of.partition)) for of in crl.lists(tx)]
    behind = [(of, last) for of, last, version in known if last is None or version > last.status_version]
    for of, last in behind:
        authority = ca.authorities.get(of.authority_id)
        if authority is None or not authority.has_key:
            continue
        if rested is not None and last is not None and (ca.clock.now() < last.this_update + rested or not crl.due(ca, of)):
            continue
        with suppress(Unavailable):
            crl.produce(ca, of, actor=actor)


def _authorise(ca: Revocation, requester: Requester, wanted: Wanted) -> None:
    _check(ca, requester, wanted)
    policy.check_fresh(requester, ca.clock.now(), ca.step_up_seconds)


def _check(ca: Revocation, requester: Requester, wanted: Wanted) -> None:
    policy.authorise_bulk(requester)
    chosen = wanted.selection
    if not chosen.names_some:
        raise BadSelection(
            "Say whose certificates are meant: an organization, an account, a domain, serials or keys; or a query with "
            "commonNameIs, organizationIs, a serial, or a commonNameLike that spells out a part of a domain, such as "
            "*.example.org. All of them at once never are, and a status, a date or a bare * may mean all.",
            field="selection",
        )
    if chosen.names_each and ((chosen.serials and chosen.keys) or not replace(chosen, serials=(), keys=()).says_nothing):
        raise BadSelection("A list of serials, or of keys, stands by itself; leave the rest out.", field="selection")
    policy.check_invalidity_date(wanted.invalidity_date, ca.clock.now())


def _look(ca: Revocation, wanted: Wanted) -> tuple[Plan, list[Candidate]]:
    """What the selection means at this moment: counts, some of the pairs, and each of them."""
    statuses: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    found: list[Candidate] = []
    with ca.database.read() as tx:
        now = ca.clock.now()
        chosen = selection.choose(tx, wanted.selection, now)
        for one in chosen.candidates:
            statuses[one.status_at(now).value] += 1
            outcomes[policy.outcome(one, wanted.reason, now)] += 1
            found.append(one)
    return Plan(len(found), dict(statuses), dict(outcomes), tuple(found[:_SAMPLE]), chosen.unknown), found


def _found(tx: Tx, job_id: str) -> Job:
    job = store.find(tx, job_id)
    if job is None:
        raise UnknownJob(f"There is no revocation in bulk with the id {job_id[:40]}.")
    return job


def _ordered(job: Job, said: Mapping[str, Fact]) -> Event:
    detail: dict[str, Fact] = {
        "selection": job.selection,
        "reason": job.reason.value,
        "invalidity_date": None if job.invalidity_date is None else rfc3339(job.invalidity_date),
        "total": job.total,
        **said,
    }
    return Event("bulk_revocation.ordered", job.actor, _subject(job), detail=detail)


def _subject(job: Job) -> str:
    return f"bulk_revocation:{job.id}"


def _lease(job: Job) -> str:
    return f"bulk:{job.id}"
