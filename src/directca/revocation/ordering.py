"""Revocations that the settings may want a second officer for: done at once, or proposed. `docs/flows/second-officer.md`.

`[approvals]` says how many must want each kind of act. Where one is enough, the act's own verb does it; else its content is
written down as a proposal, which `carrying_out.py` does once others have confirmed it. What the authority does by itself, as a
consequence of what was decided, asks nobody.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from directca.certificates import authority_standing, register
from directca.certificates.authority_standing import AuthorityStanding
from directca.certificates.chosen import Selection
from directca.certificates.model import Pair
from directca.clock import rfc3339
from directca.direct.names import DirectName
from directca.pki.reasons import RevocationReason
from directca.revocation import authority_status, bulk, organization_end, policy, revoke
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.bulk_model import Job, Plan, Wanted, described
from directca.revocation.context import Revocation
from directca.revocation.model import Requester
from directca.revocation.organization_end import Ended
from directca.vetting import organizations, proposals
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.model import OrganizationStatus
from directca.vetting.proposal_model import NewProposal, Proposal, ProposalKind

_MOST_UNKNOWN = 10


@dataclass(frozen=True)
class Because:
    """Why a name is revoked: the reason, since when its keys are suspect, if that is known, and the same in words."""

    reason: RevocationReason
    invalidity_date: datetime | None = None
    explanation: str | None = None


def revoke_many(ca: Revocation, desk: Registration, actor: Actor, requester: Requester, wanted: Wanted) -> Job | Proposal:
    """Order the revocation of many pairs, or propose it: exactly those that the selection means at this moment.

    Raises OfficersOnly, StepUpFirst, BadSelection, BadInvalidityDate.
    """
    compromise = desk.config.deciders_compromise if wanted.reason in policy.OFFICERS_ONLY else 1
    deciders = max(desk.config.deciders_bulk, compromise)
    if deciders == 1:
        return bulk.order(ca, requester, wanted)[0]
    return _propose_pairs(ca, desk, actor, requester, wanted, confirmations=deciders - 1)


def revoke_name(
    ca: Revocation, desk: Registration, actor: Actor, requester: Requester, name: DirectName, because: Because
) -> Pair | Proposal:
    """Revoke, hold or release a name, or propose it, where an authority is said to be compromised.

    Raises what `revoke.revoke` does.
    """
    since, words = because.invalidity_date, because.explanation
    if because.reason not in policy.OFFICERS_ONLY or desk.config.deciders_compromise == 1 or not requester.officer:
        return revoke.revoke(ca, requester, name, because.reason, invalidity_date=since, explanation=words)
    with ca.database.read() as tx:
        now = ca.clock.now()
        records = register.history(tx, name.value).of_account(requester.account_id)
        standing = [one for one in records if one.valid_at(now) and not one.settled]
    if not standing:
        # Which says that nothing is left to revoke.
        return revoke.revoke(ca, requester, name, because.reason, invalidity_date=since, explanation=words)
    wanted = Wanted(Selection(serials=tuple(one.signing_serial for one in standing)), because.reason, since, words)
    return _propose_pairs(ca, desk, actor, requester, wanted, confirmations=desk.config.deciders_compromise - 1)


def end(
    ca: Revocation, desk: Registration, actor: Actor, requester: Requester, organization_id: str, text: str
) -> Ended | Proposal:
    """End an organization and order the revocation of its pairs, or propose it. One that is ended already is gone on with.

    Raises OfficersOnly, StepUpFirst, NoSuchOrganization, OwnRequest.
    """
    with ca.database.read() as tx:
        known = organizations.find(tx, organization_id)
        names = organization_end.standing_names(tx, ca, organization_id)
    if desk.config.deciders_ending == 1 or known.status is OrganizationStatus.ENDED:
        return organization_end.end_organization(ca, requester, organization_id, text)
    organization_end.check_may(ca, requester, known)
    new = NewProposal(
        kind=ProposalKind.ENDING,
        subject=f"organization:{known.id}",
        content={"organization": known.id, "legal_name": known.facts.legal_name, "reason": text},
        reason=text,
        confirmations_needed=desk.config.deciders_ending - 1,
        account_id=known.account_id,
        plan={"names": len(names), "sample": list(names[:_MOST_UNKNOWN])},
    )
    with ca.database.write() as tx:
        return proposals.make(tx, desk, actor, new)


def revoke_authority(
    ca: Revocation, desk: Registration, actor: Actor, authority_id: str, wanted: AuthorityRevocation
) -> AuthorityStanding | Proposal:
    """Revoke an issuing authority, or propose it. By the operator's command alone.

    Raises UnknownAuthority, TrustAnchor, AuthorityAlreadyRevoked, BadInvalidityDate.
    """
    if desk.config.deciders_compromise == 1:
        return authority_status.revoke(ca, authority_id, wanted, actor=actor.journalled)
    with ca.database.write() as tx:
        entry = authority_status.find(tx, authority_id)
        authority_status.decide(entry, authority_standing.standing(tx, entry.id), wanted, ca.clock.now())
        new = NewProposal(
            kind=ProposalKind.AUTHORITY,
            subject=f"authority:{entry.id}",
            content={
                "authority": entry.id,
                "serial": f"{authority_standing.serial(entry):x}",
                "reason": wanted.reason.value,
                "invalid_since": _told(wanted.invalid_since),
                "explanation": wanted.explanation,
            },
            reason=wanted.explanation,
            confirmations_needed=desk.config.deciders_compromise - 1,
            plan={"subject": entry.subject_dn},
        )
        return proposals.make(tx, desk, actor, new)


def _propose_pairs(
    ca: Revocation, desk: Registration, actor: Actor, requester: Requester, wanted: Wanted, *, confirmations: int
) -> Proposal:
    found, candidates = bulk.look(ca, requester, wanted)
    new = NewProposal(
        kind=ProposalKind.REVOCATION,
        subject="certificates",
        content={
            "selection": described(wanted.selection),
            "reason": wanted.reason.value,
            "invalidity_date": _told(wanted.invalidity_date),
            "explanation": wanted.explanation,
        },
        reason=wanted.explanation or "",
        confirmations_needed=confirmations,
        records=tuple((one.id, one.account_id) for one in candidates),
        plan=_planned(found),
    )
    with ca.database.write() as tx:
        return proposals.make(tx, desk, actor, new)


def _planned(found: Plan) -> dict[str, Any]:
    return {
        "total": found.total,
        "statuses": dict(found.statuses),
        "outcomes": dict(found.outcomes),
        "sample": [{"identifier": one.identifier, "signing_cert_serial": one.signing_serial} for one in found.sample],
        "unknown": list(found.unknown[:_MOST_UNKNOWN]),
        "unknown_count": len(found.unknown),
    }


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
