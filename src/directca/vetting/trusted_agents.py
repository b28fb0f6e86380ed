"""What a trusted agent does: record whose identity they have proofed, in the draft in which the applicant has named the person.

The agent answers for it by their own name, submits the evidence and decides nothing: whoever decides is somebody else.
"""

from dataclasses import replace

from directca.accounts import permissions
from directca.vetting import actors, organization_person_store
from directca.vetting.applying import SaidProofing, kept
from directca.vetting.case_errors import CaseStands, OwnRequest
from directca.vetting.case_file import Taken, any_case, any_person, take
from directca.vetting.case_model import Actor, OrganizationPerson, PersonState, Side, Step
from directca.vetting.case_policy import after, same_name
from directca.vetting.context import Registration


def record(desk: Registration, actor: Actor, person_id: str, said: SaidProofing) -> OrganizationPerson:
    """Record that the actor has proofed the identity of somebody who is proposed in a draft; it takes the place of what the
    applicant said. The verifier is the actor, whatever is said.

    Raises DecidersOnly, NoSuchOrganizationPerson, OwnRequest, CaseStands, BadVettingRecord.
    """
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.RECORD_PROOFING)
        person = any_person(tx, person_id, None)
    actors.require_other_account(actor, person.account_id)
    if same_name(actor.names, (person.name,)):
        raise OwnRequest("Nobody proofs their own identity. Another agent must do so.")
    proofing = kept(desk, replace(said, verifier=actor.names[0]), person.name, person.id)
    with desk.database.write() as tx:
        actors.require(tx, actor, permissions.RECORD_PROOFING)
        case = any_case(tx, person.case_id)
        state = after(case, Step.PROOF, Side.AUTHORITY)
        if person.state is not PersonState.PROPOSED or not organization_person_store.proof(tx, person.id, proofing):
            raise CaseStands(f"{person.name} is {person.state}, so nothing is to be proofed.")
        detail = {"person": person.id, "method": proofing.method}
        take(tx, desk, case, replace(case, state=state), Taken(Step.PROOF, actor, Side.AUTHORITY, detail=detail))
        return replace(person, proofing=proofing)
