"""Which issues wait for an officer, and whether one has approved exactly this.

Routine issuance is approved beforehand: by the approval of the organization, its people and its domains. `[approvals]` may name
what is not (`issuance_waits`). An issue that waits is a proposal of its applicant; the same request succeeds once an officer has
confirmed it, and uses the confirmation up in the commit that reserves. If nothing comes of it, the confirmation is good again.
"""

from datetime import datetime

from directca.certificates import register
from directca.certificates.model import Record
from directca.db.engine import Tx
from directca.direct.names import Kind
from directca.issuance.context import Issuance
from directca.issuance.model import Decision
from directca.oauth.model import Principal
from directca.vetting import actors, proposals
from directca.vetting.approval_config import FIRST, WHOLE_DOMAIN
from directca.vetting.proposal_errors import AwaitsApproval
from directca.vetting.proposal_model import NewProposal, Proposal, ProposalKind


def check(
    ca: Issuance, principal: Principal, decision: Decision, predecessor: Record | None = None, *, dry_run: bool
) -> Proposal | None:
    """The approval that the decision needs, None where it needs none. Raises AwaitsApproval, which says why it waits,
    and TooManyWaiting.

    A successor waits for nothing but a category that its predecessor did not have. With `dry_run` nothing is written down.
    """
    desk = ca.registration
    if desk is None or not desk.config.issuance_waits:
        return None
    with ca.database.read() as tx:
        why = _reasons(tx, desk.config.issuance_waits, decision, predecessor)
        new = _proposal(decision, why)
        given = proposals.approved(tx, desk, new) if why else None
    if not why or given is not None:
        return given
    text = f"An officer must approve this first: {'; '.join(why)}."
    if dry_run:
        raise AwaitsApproval(text)
    actor = actors.person(desk, principal.account_id, principal.person_id, f"client:{principal.client_id}")
    with ca.database.write() as tx:
        made = proposals.make(tx, desk, actor, new)
    raise AwaitsApproval(f"{text} Send the same request again once proposal {made.id} is confirmed.", proposal=made.id)


def use(tx: Tx, ca: Issuance, given: Proposal | None, decision: Decision) -> None:
    """Use an approval up, in the commit that reserves.

    Raises ProposalClosed where another request was quicker, and AwaitsApproval where its officer has lost the right meanwhile.
    """
    if given is not None:
        if not proposals.holds(tx, given):
            raise AwaitsApproval(
                "Who approved this may approve nothing any more. Send the same request again, so that another officer is asked."
            )
        proposals.carried_out(tx, given, decision.order.id, ca.clock.now())


def give_back(tx: Tx, intent: Record, at: datetime) -> None:
    """Make the approval good again that an intent used up, in the commit that settles it."""
    proposals.given_back(tx, intent.account_id, intent.order_id, at)


def _reasons(tx: Tx, waits: tuple[str, ...], decision: Decision, predecessor: Record | None) -> list[str]:
    intent = decision.intent
    found = []
    if predecessor is None and WHOLE_DOMAIN in waits and intent.kind is Kind.DOMAIN:
        found.append("it is for a whole domain")
    if predecessor is None and FIRST in waits and not _has_any(tx, intent.organization_id):
        found.append("it is the organization's first")
    changed = predecessor is None or predecessor.organization_type != intent.organization_type
    if changed and intent.organization_type in waits:
        found.append(f"it asserts the category {intent.organization_type}")
    return found


def _has_any(tx: Tx, organization_id: str) -> bool:
    return any(one.position is not None for one in register.of_organization(tx, organization_id))


def _proposal(decision: Decision, why: list[str]) -> NewProposal:
    intent = decision.intent
    content = {
        "identifier": intent.identifier,
        "organization": intent.organization_id,
        "organization_type": intent.organization_type,
        "duration_years": intent.duration_years,
        "verb": decision.order.verb.value,
        "signing_key": decision.keys.signing.spki_sha256,
        "encryption_key": decision.keys.encryption.spki_sha256,
    }
    subject = f"name:{intent.identifier}"
    return NewProposal(ProposalKind.ISSUANCE, subject, content, "; ".join(why), 1, intent.account_id, plan={"why": why})
