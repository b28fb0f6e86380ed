"""Revoke, hold and release: both certificates of every valid pair of a name. `docs/flows/revoke.md` tells the same story."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from directca.certificates import register
from directca.certificates.model import Pair, Record, State
from directca.clock import rfc3339, whole_second
from directca.db.engine import Tx
from directca.direct.names import DirectName
from directca.errors import Conflict, DirectCAError, NotFound, Rejected
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki.reasons import RevocationReason
from directca.revocation import crl, policy
from directca.revocation.context import Revocation
from directca.revocation.errors import AlreadyExpired
from directca.revocation.model import Requester
from directca.watch import step

_KINDS = MappingProxyType(
    {State.HELD: "certificate.held", State.ISSUED: "certificate.released", State.REVOKED: "certificate.revoked"}
)

# An expired certificate is on no list (RFC 5280 3.3), so revoking it would tell nobody. Its key can still be refused.
_ADVICE = {
    RevocationReason.KEY_COMPROMISE: " Tell the certificate authority, whose operator can refuse its keys for good; use new keys."
}


@dataclass(frozen=True)
class Application:
    """A reason that is applied to a pair: by whom, since when its keys are suspect, and as a part of which larger work."""

    reason: RevocationReason
    actor: str
    invalidity_date: datetime | None = None
    because: Mapping[str, Fact] = field(default_factory=dict)


def revoke(
    ca: Revocation,
    requester: Requester,
    name: DirectName,
    reason: RevocationReason,
    *,
    invalidity_date: datetime | None = None,
    explanation: str | None = None,
) -> Pair:
    """Apply a reason to every pair of the name that is still valid, not only to the newest.

    Receivers encrypt to each certificate they find, so a name that was revoked must leave none that is good. Answers the pair
    that the name stands for. What is asked for and already so changes nothing. The CRL that shows it is published before this
    returns; if that fails, the revocation stands and the next CRL, due within a minute, shows it. `invalidity_date` is since
    when its keys are suspect, `explanation` is for the journal. Raises BadInvalidityDate, StepUpFirst.
    """
    told = {} if explanation is None else {"explanation": explanation}
    wanted = Application(reason, requester.actor, invalidity_date, told)
    try:
        return _revoke(ca, requester, name, wanted)
    except (Rejected, Conflict, NotFound) as refusal:
        _journal_refusal(ca, requester, name, reason, refusal)
        raise


def _revoke(ca: Revocation, requester: Requester, name: DirectName, wanted: Application) -> Pair:
    step(1, "authorise")
    policy.authorise(requester, wanted.reason)
    if wanted.reason in policy.OFFICERS_ONLY:
        policy.check_fresh(requester, ca.clock.now(), ca.step_up_seconds)
    policy.check_invalidity_date(wanted.invalidity_date, ca.clock.now())

    with ca.database.write() as tx:
        now = ca.clock.now()

        step(2, "find")
        records = register.history(tx, name.value).of_account(requester.account_id)
        targets = [one for one in records if one.valid_at(now) and not one.settled]

        step(3, "decide")
        affected = _affected(records, targets, name, wanted.reason)

        step(4, "record")
        changed = [apply(tx, one, wanted, now) for one in affected]
        newest = next((one for one in changed if one.id == records[0].id), records[0])
        answer = register.pair_of(tx, newest)
    # A crash here leaves a revocation that no CRL shows yet; the next CRL, made at start or on time, lists it.

    step(5, "publish")
    publish_changes(ca, changed, requester.actor)
    return answer


def apply(tx: Tx, record: Record, wanted: Application, now: datetime) -> Record:
    """Move one pair and journal it, in the caller's transaction."""
    done, event = moved(tx, record, wanted, now)
    append(tx, event, at=now)
    return done


def moved(tx: Tx, record: Record, wanted: Application, now: datetime) -> tuple[Record, Event]:
    """Move one pair, and the journal's row that its caller must append in the same transaction (invariant 8)."""
    done = register.revoke(tx, record, wanted.reason, whole_second(now), invalidity_date=_whole(wanted.invalidity_date))
    detail: dict[str, Fact] = {
        "identifier": done.identifier,
        "reason": wanted.reason.value,
        "signing_serial": done.signing_serial,
        "encryption_serial": done.encryption_serial,
        **wanted.because,
    }
    if done.invalidity_date is not None:
        detail["invalidity_date"] = rfc3339(done.invalidity_date)
    return done, Event(_KINDS[done.state], wanted.actor, f"record:{done.id}", account_id=done.account_id, detail=detail)


def publish_changes(ca: Revocation, changed: Iterable[Record], actor: str) -> None:
    """Publish the lists of each authority whose certificates changed.

    A CRL that cannot be made now does not undo the revocation: it stays due, and periodic work makes it.
    """
    crl.bring_up_to_date(ca, (one.authority_id for one in changed), actor=actor)


def _whole(moment: datetime | None) -> datetime | None:
    return None if moment is None else whole_second(moment)


def _affected(records: tuple[Record, ...], targets: list[Record], name: DirectName, reason: RevocationReason) -> list[Record]:
    """The pairs that change. The newest one's refusal speaks for all if none can change."""
    if not targets and records[0].state is State.REVOKED and records[0].revocation_reason is reason:
        return []  # what is asked for is the case, though it matters no more
    if not targets:
        raise AlreadyExpired(f"Every pair of {name} has expired; nothing is left to revoke.{_ADVICE.get(reason, '')}")
    affected: list[Record] = []
    unchanged = False
    refusal: DirectCAError | None = None
    for record in targets:
        try:
            changes = policy.changes(record, reason)
        except Conflict as error:
            refusal = refusal or error
            continue
        unchanged = unchanged or not changes
        if changes:
            affected.append(record)
    if refusal is not None and not affected and not unchanged:
        raise refusal
    return affected


def _journal_refusal(
    ca: Revocation, requester: Requester, name: DirectName, reason: RevocationReason, refusal: DirectCAError
) -> None:
    event = Event(
        "certificate.revocation_refused",
        requester.actor,
        f"account:{requester.account_id}",
        outcome=refusal.slug,
        account_id=requester.account_id,
        detail={"identifier": name.value, "reason": reason.value},
    )
    with ca.database.write() as tx:
        append(tx, event, at=ca.clock.now())
