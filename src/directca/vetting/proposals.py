"""A second pair of eyes: what one officer orders waits as a proposal until another confirms exactly that, or refuses it.

`docs/flows/second-officer.md` tells the same story. Who proposes, and what is done afterwards, is the business of the verb whose
act it is (`revocation/ordering.py`, `revocation/carrying_out.py`).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from directca.accounts import permissions
from directca.db.engine import Tx
from directca.db.schema import findable
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.vetting import actors, proposal_store
from directca.vetting.case_errors import OwnRequest
from directca.vetting.case_model import Actor, Place
from directca.vetting.case_policy import reason
from directca.vetting.context import Registration
from directca.vetting.proposal_errors import AuthorGone, NoSuchProposal, ProposalClosed, ProposalDiffers, TooManyWaiting
from directca.vetting.proposal_model import Answer, NewProposal, Opinion, Proposal, ProposalKind, ProposalState
from directca.vetting.proposal_policy import AUTHORS, RULES, canonical, check_other, digest

MOST = 50
"""As many are listed; the answer says how many wait."""

_SYSTEM = "system:upkeep"
_LONGEST = timedelta(days=2 * 90)
"""After it there is nothing to be told of a proposal: it waits and holds for 90 days each, at most."""


@dataclass(frozen=True)
class Saying:
    """What somebody says of a proposal, why, and the digest of what they saw; a refusal needs none."""

    answer: Answer
    reason: str
    digest: str = ""


@dataclass(frozen=True)
class Waiting:
    """A page of what waits for a second officer, the oldest first; how many do in all, and where the next page begins, if at all.
    On the first page also the last that wait no longer."""

    total: int
    open: tuple[Proposal, ...]
    closed: tuple[Proposal, ...]
    after: Place | None = None


def make(tx: Tx, desk: Registration, actor: Actor, new: NewProposal) -> Proposal:
    """Write a proposal down, in the caller's transaction, once its author may do what they propose. The very same is proposed
    once: asked again, the one that is open is answered. Raises TooManyWaiting."""
    now = desk.clock.now()
    close_expired(tx, now)
    content = canonical(new.content)
    seen = digest(new.kind, new.subject, content, (record for record, _ in new.records))
    known = proposal_store.open_like(tx, seen)
    if known is not None:
        return known
    if new.kind is ProposalKind.ISSUANCE:
        _check_not_too_many(tx, desk, new.account_id or "", now)
    made = Proposal(
        id=f"{int(now.timestamp()):08x}{desk.random(12).hex()}",
        kind=new.kind,
        state=ProposalState.OPEN,
        subject=new.subject,
        account_id=new.account_id,
        content=content,
        digest=seen,
        pairs=len(new.records),
        plan=new.plan,
        reason=new.reason,
        proposed_by=actor.id,
        proposer_names=actor.names,
        via=actor.via,
        proposed_at=now,
        expires_at=now + timedelta(hours=desk.config.proposal_hours),
        confirmations_needed=new.confirmations_needed,
    )
    proposal_store.add(tx, made, new.records)
    _journal(tx, made, "made", actor.journalled, now, reason=new.reason, subject=new.subject, pairs=made.pairs)
    return made


def decide(desk: Registration, actor: Actor, proposal_id: str, saying: Saying) -> Proposal:
    """Confirm or refuse what somebody else proposed. Once as many have confirmed it as the settings want it is `confirmed`, and
    whoever called carries it out.

    Raises DecidersOnly, NoSuchProposal, ProposalClosed, ProposalDiffers, OwnRequest, SecondPerson, StepUpFirst, AuthorGone,
    BadVettingRecord.
    """
    why = reason(saying.reason)
    with desk.database.write() as tx:
        # 1 authorise
        actors.require(tx, actor, permissions.CONFIRM_PROPOSAL)
        now = desk.clock.now()
        known = _open(tx, proposal_id, now)
        rule = RULES[known.kind]
        actors.require(tx, actor, rule)
        check_other(actor, known, saying.answer, touches_own=_touches(tx, known, actor))
        actors.require_fresh(desk, actor, rule)
        if saying.answer is Answer.CONFIRM:
            _check_authors(tx, known)

            # 2 compare
            _check_same(tx, known, saying.digest)

        # 3 decide
        said = Opinion(saying.answer, actor.id, actor.names, why, now)
        proposal_store.add_opinion(tx, known.id, len(known.opinions) + 1, said)
        after = replace(known, opinions=(*known.opinions, said))
        kind = "confirmed" if saying.answer is Answer.CONFIRM else "refused"
        _journal(tx, after, kind, actor.journalled, now, reason=why, confirmations=after.confirmations)
        if saying.answer is Answer.REFUSE:
            return _moved(tx, after, ProposalState.REFUSED, now)
        if after.confirmations >= after.confirmations_needed:
            return _moved(tx, after, ProposalState.CONFIRMED, now)
        return after
    # A crash before the commit leaves the proposal as it was; after it, one that is confirmed, which upkeep carries out.


def withdraw(desk: Registration, actor: Actor, proposal_id: str, text: str) -> Proposal:
    """Take back what one has proposed oneself. Raises DecidersOnly, NoSuchProposal, ProposalClosed, OwnRequest."""
    why = reason(text)
    with desk.database.write() as tx:
        actors.require(tx, actor, permissions.WITHDRAW_PROPOSAL)
        now = desk.clock.now()
        known = _open(tx, proposal_id, now)
        if known.proposed_by != actor.id:
            raise OwnRequest("Somebody else proposed this. Refuse it, if it must not be.")
        _journal(tx, known, "withdrawn", actor.journalled, now, reason=why)
        return _moved(tx, known, ProposalState.WITHDRAWN, now)


def waiting(desk: Registration, actor: Actor, after: Place | None = None) -> Waiting:
    """What waits for a second officer, from the beginning or behind a place. Raises DecidersOnly."""
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_PROPOSALS)
        now = desk.clock.now()
        found = proposal_store.open_after(tx, now, after, MOST + 1)
        over = () if after is not None else proposal_store.expired(tx, now)[:MOST]
        closed = () if after is not None else proposal_store.newest_closed(tx, MOST)
        total = proposal_store.count_open(tx, now)
    last = found[MOST - 1] if len(found) > MOST else None
    return Waiting(
        total,
        found[:MOST],
        (*(replace(one, state=ProposalState.EXPIRED) for one in over), *closed),
        None if last is None else Place(last.proposed_at, last.id),
    )


def show(desk: Registration, actor: Actor, proposal_id: str) -> Proposal:
    """One proposal. Raises DecidersOnly, NoSuchProposal."""
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_PROPOSALS)
        known = _found(tx, proposal_id)
        return replace(known, state=known.state_at(desk.clock.now()))


def confirmed(tx: Tx) -> tuple[Proposal, ...]:
    """Those that are confirmed and not carried out yet. An issuance is its applicant's to ask for again."""
    return proposal_store.in_state(tx, ProposalState.CONFIRMED, MOST, but=ProposalKind.ISSUANCE)


def approved(tx: Tx, desk: Registration, new: NewProposal) -> Proposal | None:
    """The confirmation of exactly this that still holds, and has not been used. One by somebody who may not confirm any more is
    none."""
    seen = digest(new.kind, new.subject, canonical(new.content), (record for record, _ in new.records))
    since = desk.clock.now() - timedelta(hours=desk.config.proposal_hours)
    known = proposal_store.confirmed_like(tx, seen, since)
    return known if known is not None and holds(tx, known) else None


def holds(tx: Tx, known: Proposal) -> bool:
    """Whether everybody who wanted it may want it still. Who has lost the role, or was suspended, has wanted nothing: neither as
    who proposed it nor as who confirmed it."""
    proposes = AUTHORS[known.kind]
    if proposes is not None and not actors.still_may(tx, known.proposed_by, proposes):
        return False
    return all(actors.still_may(tx, one.actor, RULES[known.kind]) for one in known.opinions)


def as_it_stands(tx: Tx, proposal_id: str) -> Proposal:
    """How a proposal stands in the caller's transaction. Raises NoSuchProposal."""
    return _found(tx, proposal_id)


def records(tx: Tx, known: Proposal) -> list[str]:
    """The pairs that were proposed, for whoever carries it out.

    Raises ProposalDiffers where they, or the content, are not what was confirmed, and AuthorGone where who wanted it may not any
    more.
    """
    _check_authors(tx, known)
    _check_same(tx, known, known.digest)
    return proposal_store.records(tx, known.id)


def carried_out(tx: Tx, known: Proposal, result: str | None, now: datetime, *, failed: bool = False) -> Proposal:
    """Write down that what was confirmed is done, or cannot be done any more: then `result` is what refused it."""
    state = ProposalState.FAILED if failed else ProposalState.DONE
    _journal(tx, known, "failed" if failed else "carried_out", known.journalled, now, result=result)
    return _moved(tx, known, state, now, result)


def given_back(tx: Tx, account_id: str, order_id: str, now: datetime) -> None:
    """An approval that an order has used up which came to nothing is good again, for as long as it was. Most orders used none."""
    known = proposal_store.used_by(tx, account_id, order_id)
    if known is not None:
        _journal(tx, known, "given_back", _SYSTEM, now, result=order_id)
        _moved(tx, known, ProposalState.CONFIRMED, known.opinions[-1].at)


def issues_of(tx: Tx, account_id: str, now: datetime) -> tuple[Proposal, ...]:
    """What an account asked for and an officer had, has or had to approve, newest first: what waits, what may be asked for once
    more, and for as long as that would be, what was refused or decided by nobody."""
    found = proposal_store.issues_since(tx, account_id, now - _LONGEST, MOST)
    told = [replace(one, state=one.state_at(now)) for one in found if now < one.told_until]
    return tuple(one for one in told if one.state is not ProposalState.CONFIRMED or holds(tx, one))


def any_expired(tx: Tx, now: datetime) -> bool:
    """Whether anything is over that nobody has written down yet."""
    return bool(proposal_store.expired(tx, now))


def close_expired(tx: Tx, now: datetime) -> int:
    """Write down the end of what nobody has confirmed in time; how many that were."""
    found = proposal_store.expired(tx, now)
    for one in found:
        _journal(tx, one, "expired", _SYSTEM, now)
        _moved(tx, one, ProposalState.EXPIRED, one.expires_at)
    return len(found)


def _check_not_too_many(tx: Tx, desk: Registration, account_id: str, now: datetime) -> None:
    most = desk.config.waiting_issues
    if proposal_store.count_issues(tx, account_id, now) >= most:
        raise TooManyWaiting(
            f"{most} requests of the account wait for an officer, and no more may. Wait for a decision on one of them."
        )


def _found(tx: Tx, proposal_id: str) -> Proposal:
    known = proposal_store.find(tx, findable(proposal_id))
    if known is None:
        raise NoSuchProposal("There is no such proposal.")
    return known


def _open(tx: Tx, proposal_id: str, now: datetime) -> Proposal:
    known = _found(tx, proposal_id)
    state = known.state_at(now)
    if state is not ProposalState.OPEN:
        raise ProposalClosed(f"The proposal is {state}, so nothing more can be said of it.")
    return known


def _touches(tx: Tx, known: Proposal, actor: Actor) -> bool:
    account_id = actor.account_id
    return account_id is not None and (known.account_id == account_id or proposal_store.touches(tx, known.id, account_id))


def _check_authors(tx: Tx, known: Proposal) -> None:
    if not holds(tx, known):
        raise AuthorGone("Who proposed this, or confirmed it before, may not do so any more. Refuse it, and propose it anew.")


def _check_same(tx: Tx, known: Proposal, seen: str) -> None:
    """Invariant 1: what is carried out is what was looked at. Computed anew, from the rows that will be acted upon."""
    now = digest(known.kind, known.subject, known.content, proposal_store.records(tx, known.id))
    if not seen == known.digest == now:
        raise ProposalDiffers(
            "This is not what is proposed. Look at the proposal again, and confirm what you saw.", field="digest"
        )


def _moved(tx: Tx, known: Proposal, state: ProposalState, at: datetime, result: str | None = None) -> Proposal:
    if not proposal_store.move(tx, known, state, at, result):
        raise ProposalClosed("Somebody else decided on the proposal at this moment. Look at it again.")
    return replace(known, state=state, closed_at=at, result=result)


def _journal(tx: Tx, about: Proposal, past: str, actor: str, at: datetime, **more: Fact) -> None:
    detail: dict[str, Fact] = {"kind": about.kind, "digest": about.digest, **more}
    append(tx, Event(f"proposal.{past}", actor, f"proposal:{about.id}", account_id=about.account_id, detail=detail), at=at)
