"""The numbers of somebody's identity documents, opened on purpose: for the eyes of who decides, and never without a trace.

They are kept sealed and shown masked. Whoever has to compare one with a document says why, and the journal has their name and
the reason before a number is opened: what cannot be written down is not shown.
"""

from directca.accounts import permissions
from directca.journal.model import Event
from directca.journal.record import append
from directca.vetting import actors
from directca.vetting.case_errors import NoSuchOrganizationPerson
from directca.vetting.case_file import any_person
from directca.vetting.case_model import Actor
from directca.vetting.case_policy import reason
from directca.vetting.context import Registration


def show_evidence(desk: Registration, actor: Actor, person_id: str, text: str) -> str:
    """The numbers of the documents by which somebody was proofed, after a row in the journal says who looks, and why.

    Raises DecidersOnly, OwnRequest, StepUpFirst, NoSuchOrganizationPerson, BadVettingRecord, KeyUnusable, WrongPassphrase.
    """
    why = reason(text)
    with desk.database.write() as tx:
        actors.require(tx, actor, permissions.SEE_EVIDENCE)
        person = any_person(tx, person_id, None)
        actors.require_other_account(actor, person.account_id)
        actors.require_fresh(desk, actor, permissions.SEE_EVIDENCE)
        if person.proofing is None:
            raise NoSuchOrganizationPerson(f"No evidence is on file about {person.name}.")
        detail = {"person": person.id, "organization": person.organization_id, "reason": why}
        about = f"organization:{person.organization_id}"
        append(
            tx, Event("evidence.shown", actor.journalled, about, account_id=person.account_id, detail=detail), at=desk.clock.now()
        )
    # A crash here leaves a row that says somebody looked who saw nothing; the other way round cannot be.
    return desk.unseal(person.proofing.evidence_sealed, person.id)
