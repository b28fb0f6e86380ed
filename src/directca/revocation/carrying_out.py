"""What a second officer has confirmed is carried out, exactly as it was proposed. `docs/flows/second-officer.md` tells the same.

The confirmation is a commit of its own (`vetting/proposals.py`). A crash after it leaves a proposal that is confirmed, and upkeep
carries it out by this same code. Of all who would, one does: pairs are ordered in the commit that ends the proposal, and what
takes more than one commit is claimed first, under a lease. Whoever takes a lapsed claim over finds what was done before: an
organization is ended once, an authority revoked once.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from directca.certificates import authority_standing
from directca.db import leases
from directca.db.engine import Tx
from directca.errors import DirectCAError, Unavailable
from directca.pki.reasons import RevocationReason
from directca.revocation import authority_status, bulk, organization_end
from directca.revocation.authority_errors import AuthorityAlreadyRevoked
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.bulk_model import Job
from directca.revocation.context import Revocation
from directca.revocation.model import the_authority
from directca.vetting import proposals
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Proposal, ProposalKind, ProposalState
from directca.vetting.proposals import Saying

_CLAIM = timedelta(seconds=30)
"""So long what somebody has begun to carry out is theirs alone."""


def decide(ca: Revocation, desk: Registration, actor: Actor, proposal_id: str, saying: Saying) -> Proposal:
    """Confirm or refuse a proposal; with the last confirmation that it needs it is carried out. An order for pairs is worked off
    by `bulk.work`, under the identifier that is the proposal's `result`.

    Raises what `proposals.decide` does. What cannot be done now stays confirmed, and upkeep tries again.
    """
    said = proposals.decide(desk, actor, proposal_id, saying)
    if said.state is not ProposalState.CONFIRMED or said.kind is ProposalKind.ISSUANCE:
        return said

    # 4 carry out
    return carry_out(ca, said)


def carry_out(ca: Revocation, about: Proposal) -> Proposal:
    """Do what was confirmed, and answer how the proposal stands then; so too where another has done it, or is at it.

    What a rule forbids by now is written down as failed; what cannot be done now stays as it is.
    """
    holder = secrets.token_hex(8)
    try:
        with ca.database.write() as tx:
            known, mine = _claim(tx, ca, about, holder)
            if not mine:
                return known
            records = proposals.records(tx, known)  # which sees that what is done is what was confirmed
            if known.kind is ProposalKind.REVOCATION:
                return _order(tx, ca, known, records)
        # A crash here leaves a claim, after whose end upkeep carries it out.

        result = _ACTS[known.kind](ca, known)
        # A crash here leaves an act that is done and a proposal that is not; once more, and it changes nothing.
        return _end(ca, known, holder, result)
    except Unavailable:
        return about
    except DirectCAError as refusal:
        return _end(ca, about, holder, refusal.slug, failed=True)


def go_on(ca: Revocation) -> tuple[Proposal, ...]:
    """Carry out what a crash left, and write down what has expired. One that breaks is told of once the others had their turn."""
    with ca.database.read() as tx:
        left = proposals.confirmed(tx)
        expired = proposals.any_expired(tx, ca.clock.now())
    if expired:
        with ca.database.write() as tx:
            proposals.close_expired(tx, ca.clock.now())
    done: list[Proposal] = []
    broken: list[Exception] = []
    for one in left:
        try:
            done.append(carry_out(ca, one))
        except Exception as error:  # noqa: BLE001  (a bug in one must not stop the others; it is raised below)
            error.add_note(f"while the proposal {one.id} was carried out")
            broken.append(error)
    if len(broken) > 1:
        raise ExceptionGroup("several proposals could not be carried out", broken)
    if broken:
        raise broken[0]
    return tuple(done)


def _claim(tx: Tx, ca: Revocation, about: Proposal, holder: str) -> tuple[Proposal, bool]:
    """How the proposal stands, and whether it is now the holder's to carry out: it is confirmed, and nobody else is at it."""
    known = proposals.as_it_stands(tx, about.id)
    if known.state is not ProposalState.CONFIRMED:
        return known, False
    return known, leases.take(tx, f"proposal:{known.id}", holder, now=ca.clock.now(), duration=_CLAIM)


def _end(ca: Revocation, about: Proposal, holder: str, result: str | None, *, failed: bool = False) -> Proposal:
    """Write down what came of it, unless the claim has passed to another, who does."""
    with ca.database.write() as tx:
        known, mine = _claim(tx, ca, about, holder)
        return proposals.carried_out(tx, known, result, ca.clock.now(), failed=failed) if mine else known


def _order(tx: Tx, ca: Revocation, about: Proposal, records: Sequence[str]) -> Proposal:
    content: Mapping[str, Any] = json.loads(about.content)
    now = ca.clock.now()
    job = Job(
        id=about.id,
        selection=content["selection"],
        reason=RevocationReason(content["reason"]),
        invalidity_date=_moment(content["invalidity_date"]),
        actor=about.journalled,
        created_at=now,
        finished_at=None,
        total=len(records),
        refused=0,
        outcomes={},
    )
    # One commit: the order and the end of the proposal. So there is one order for it, whoever carries it out.
    bulk.begin(tx, job, records, now, proposal=about.id, explanation=content["explanation"])
    return proposals.carried_out(tx, about, job.id, now)


def _end_organization(ca: Revocation, about: Proposal) -> str | None:
    content: Mapping[str, Any] = json.loads(about.content)
    done = organization_end.end_organization(ca, the_authority(about.journalled), content["organization"], content["reason"])
    return None if done.job is None else done.job.id


def _revoke_authority(ca: Revocation, about: Proposal) -> str:
    content: Mapping[str, Any] = json.loads(about.content)
    authority_id, reason = str(content["authority"]), RevocationReason(content["reason"])
    wanted = AuthorityRevocation(reason, _moment(content["invalid_since"]), content["explanation"])
    try:
        authority_status.revoke(ca, authority_id, wanted, actor=about.journalled)
    except AuthorityAlreadyRevoked:
        with ca.database.read() as tx:
            if authority_standing.standing(tx, authority_id).reason is not reason:
                raise
        # It stands as it was wanted: somebody died after the revocation, or another has done the same by hand.
    return authority_id


_ACTS: Mapping[ProposalKind, Callable[[Revocation, Proposal], str | None]] = {
    ProposalKind.ENDING: _end_organization,
    ProposalKind.AUTHORITY: _revoke_authority,
}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
