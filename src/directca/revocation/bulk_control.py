"""What officers see of revocations in bulk, and of reports of compromised keys; and how they pause an order, resume or cancel it.

Whoever works on an order looks before each commit whether it may go on, so a pause holds within one commit. What is done stays.
"""

from directca.accounts import permissions
from directca.accounts.permissions import Rule
from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append
from directca.revocation import bulk, bulk_store, compromise_store
from directca.revocation.bulk_errors import JobFinished, UnknownJob
from directca.revocation.bulk_model import Job
from directca.revocation.compromise_model import Report
from directca.revocation.context import Revocation
from directca.vetting import actors
from directca.vetting.case_model import Actor
from directca.vetting.case_policy import reason
from directca.vetting.context import Registration

MOST = 50
"""As many are listed, the newest."""


def jobs(ca: Revocation, actor: Actor) -> tuple[Job, ...]:
    """The last orders, newest first. Raises DecidersOnly."""
    with ca.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_REVOCATIONS)
        return bulk_store.newest(tx, MOST)


def job(ca: Revocation, actor: Actor, job_id: str) -> Job:
    """One order and how far it has come. Raises DecidersOnly, UnknownJob."""
    with ca.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_REVOCATIONS)
        return _found(tx, job_id)


def reports(ca: Revocation, actor: Actor) -> tuple[Report, ...]:
    """The last reports of compromised keys, newest first. Raises DecidersOnly."""
    with ca.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_REVOCATIONS)
        return compromise_store.newest(tx, MOST)


def pause(ca: Revocation, desk: Registration, actor: Actor, job_id: str, text: str) -> Job:
    """Let nobody go on with an order for now. Raises DecidersOnly, StepUpFirst, UnknownJob, JobFinished, BadVettingRecord."""
    why = reason(text)
    with ca.database.write() as tx:
        known, now = _steered(tx, desk, actor, job_id), ca.clock.now()
        if known.paused_at is None:
            if not bulk_store.pause(tx, known.id, None, now):
                raise _over(known)
            append(tx, Event("bulk_revocation.paused", actor.journalled, _subject(known), detail=_told(known, why)), at=now)
        return _found(tx, job_id)


def resume(ca: Revocation, desk: Registration, actor: Actor, job_id: str, text: str) -> Job:
    """Let an order that is paused go on; `bulk.work` does. Raises DecidersOnly, StepUpFirst, UnknownJob, JobFinished,
    BadVettingRecord."""
    why = reason(text)
    with ca.database.write() as tx:
        known, now = _steered(tx, desk, actor, job_id), ca.clock.now()
        if known.paused_at is not None:
            if not bulk_store.pause(tx, known.id, known.paused_at, None):
                raise _over(known)
            append(tx, Event("bulk_revocation.resumed", actor.journalled, _subject(known), detail=_told(known, why)), at=now)
        return _found(tx, job_id)


def cancel(ca: Revocation, desk: Registration, actor: Actor, job_id: str, text: str) -> Job:
    """Leave undone what is not done yet. Raises DecidersOnly, StepUpFirst, UnknownJob, JobFinished, BadVettingRecord."""
    why = reason(text)
    with ca.database.read() as tx:
        known = _steered(tx, desk, actor, job_id)
    return bulk.cancel(ca, known.id, actor=actor.journalled, reason=why)


def _steered(tx: Tx, desk: Registration, actor: Actor, job_id: str, rule: Rule = permissions.STEER_REVOCATION) -> Job:
    actors.require(tx, actor, rule)
    actors.require_fresh(desk, actor, rule)
    known = _found(tx, job_id)
    if known.finished_at is not None:
        raise _over(known)
    return known


def _found(tx: Tx, job_id: str) -> Job:
    known = bulk_store.find(tx, job_id)
    if known is None:
        raise UnknownJob(f"There is no revocation in bulk with the id {job_id[:40]}.")
    return known


def _over(known: Job) -> JobFinished:
    return JobFinished(f"The revocation {known.id} has come to its end.")


def _subject(known: Job) -> str:
    return f"bulk_revocation:{known.id}"


def _told(known: Job, why: str) -> dict[str, str | int | bool | list[str] | None]:
    return {"done": known.done, "total": known.total, "explanation": why}
