"""What a second officer has confirmed is carried out, exactly as it was proposed. `docs/flows/second-officer.md` tells the same.

The confirmation is a commit of its own (`vetting/proposals.py`). A crash after it leaves a proposal that is confirmed, and upkeep
carries it out by this same code. Each act finds what it has done before: an order for pairs has the proposal's own identifier, an
organization is ended once, an authority revoked once.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from directca.certificates import authority_standing
from directca.errors import DirectCAError, Unavailable
from directca.pki.reasons import RevocationReason
from directca.revocation import authority_status, bulk, organization_end
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.bulk_model import Job
from directca.revocation.context import Revocation
from directca.revocation.model import the_authority
from directca.vetting import proposals
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Proposal, ProposalKind, ProposalState
from directca.vetting.proposals import Saying


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
    """Do what was confirmed. What a rule forbids by now is written down as failed; what cannot be done now stays as it is."""
    try:
        return _ACTS[about.kind](ca, about)
    except Unavailable:
        return about
    except DirectCAError as refusal:
        with ca.database.write() as tx:
            return proposals.carried_out(tx, about, refusal.slug, ca.clock.now(), failed=True)


def go_on(ca: Revocation) -> tuple[Proposal, ...]:
    """Carry out what a crash left, and write down what has expired."""
    with ca.database.read() as tx:
        left = proposals.confirmed(tx)
        expired = proposals.any_expired(tx, ca.clock.now())
    if expired:
        with ca.database.write() as tx:
            proposals.close_expired(tx, ca.clock.now())
    return tuple(carry_out(ca, one) for one in left)


def _revoke(ca: Revocation, about: Proposal) -> Proposal:
    content: Mapping[str, Any] = json.loads(about.content)
    with ca.database.write() as tx:
        now = ca.clock.now()
        records = proposals.records(tx, about)
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


def _end(ca: Revocation, about: Proposal) -> Proposal:
    content: Mapping[str, Any] = json.loads(about.content)
    with ca.database.read() as tx:
        proposals.records(tx, about)  # nothing but to see that what is done is what was confirmed
    done = organization_end.end_organization(ca, the_authority(about.journalled), content["organization"], content["reason"])
    # A crash here leaves an organization that is ended and a proposal that is not done; once more, and it changes nothing.
    with ca.database.write() as tx:
        return proposals.carried_out(tx, about, None if done.job is None else done.job.id, ca.clock.now())


def _revoke_authority(ca: Revocation, about: Proposal) -> Proposal:
    content: Mapping[str, Any] = json.loads(about.content)
    reason = RevocationReason(content["reason"])
    with ca.database.read() as tx:
        proposals.records(tx, about)  # as above
        before = authority_standing.standing(tx, content["authority"])
    if before.revoked_at is None or before.reason is not reason:
        wanted = AuthorityRevocation(reason, _moment(content["invalid_since"]), content["explanation"])
        authority_status.revoke(ca, content["authority"], wanted, actor=about.journalled)
    # A crash here leaves an authority that is revoked and a proposal that is not done; the next look finds it so.
    with ca.database.write() as tx:
        return proposals.carried_out(tx, about, content["authority"], ca.clock.now())


_ACTS: Mapping[ProposalKind, Callable[[Revocation, Proposal], Proposal]] = {
    ProposalKind.REVOCATION: _revoke,
    ProposalKind.ENDING: _end,
    ProposalKind.AUTHORITY: _revoke_authority,
}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
