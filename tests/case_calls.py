"""The verbs of vetting cases, called by somebody before an office for what belongs to its applicant."""

import secrets
from collections.abc import Callable
from dataclasses import replace

from directca.accounts.errors import NoSuchTopUp
from directca.accounts.people_errors import NoSuchInvitation, NoSuchUser
from directca.accounts.role_errors import NotPermitted, StepUpFirst
from directca.issuance.errors import NoSuchInvoice, NoSuchOrder
from directca.oauth import scopes
from directca.oauth.errors import NoSuchApplication
from directca.vetting import (
    agreement,
    applying,
    case_list,
    case_page,
    deciding,
    domain_views,
    evidence_shown,
    organizations,
    trusted_agents,
)
from directca.vetting.address_errors import NoSuchUpload
from directca.vetting.case_errors import DecidersOnly, NoSuchCase, NoSuchOrganizationPerson, OwnRequest
from directca.vetting.case_model import Actor, CaseFilter, CaseKind, PersonRole, PersonState, Side, Step
from directca.vetting.config import DomainConfig
from directca.vetting.deciding import VERDICTS, Verdict
from directca.vetting.domain_context import Domains
from directca.vetting.errors import NoSuchOrganization
from tests.applications import Office, a_draft, a_person, a_proofing, an_application, an_approved_one, decided, some_facts
from tests.asserting import a_provider, proofed
from tests.clinic import RULES, Opening, a_clinic
from tests.people import OPERATOR
from tests.proving import Box, Zones

Call = Callable[[Office, Actor], object]
WHY = "as it must be"
_REFUSALS = (
    *(NotPermitted, NoSuchApplication, NoSuchOrder, NoSuchInvoice, NoSuchTopUp, NoSuchUser, NoSuchInvitation),
    *(DecidersOnly, OwnRequest, NoSuchCase, NoSuchOrganization, NoSuchOrganizationPerson, StepUpFirst),
    NoSuchUpload,
)


def organization_of(office: Office) -> str:
    """A new organization of the applicant's account, which is approved."""
    with office.desk.database.write() as tx:
        return a_clinic(tx, account_id=office.applicant.account_id, domain=None, proofed_at=None).organization_id


def _open(office: Office, doer: Actor) -> object:
    about = organization_of(office)
    return alike(
        lambda: _there(office.applicant.account_id, {applying.apply(office.desk, doer, some_facts()).account_id}),
        lambda: applying.reopen(office.desk, doer, CaseKind.MODIFICATION, about),
    )


def _prepare(office: Office, doer: Actor) -> object:
    case = a_draft(office)
    sponsor = applying.propose(office.desk, office.applicant, case.id, a_person(office, role=PersonRole.SPONSOR))
    return alike(
        lambda: applying.edit(office.desk, doer, case.id, {"street": "2 Main Street"}),
        lambda: applying.propose(office.desk, doer, case.id, a_person(office)),
        lambda: applying.unpropose(office.desk, doer, sponsor.id),
        lambda: applying.submit(office.desk, doer, case.id),
    )


def _answer(office: Office, doer: Actor) -> object:
    one, other = (decided(office, an_application(office), Step.REJECT, office.olga) for _ in range(2))
    waiting = an_application(office)
    return alike(
        lambda: applying.appeal(office.desk, doer, one.id, WHY),
        lambda: applying.revise(office.desk, doer, other.id),
        lambda: applying.withdraw(office.desk, doer, waiting.id),
    )


def _retire(office: Office, doer: Actor) -> object:
    an_approved_one(office)
    active = [one for one in case_page.people_of(office.desk, office.applicant) if one.state is PersonState.ACTIVE]
    return alike(lambda: applying.retire(office.desk, doer, active[-1].id, WHY))


def _accept(office: Office, doer: Actor) -> object:
    about = organization_of(office)
    return alike(lambda: agreement.accept(office.desk, doer, about, RULES.agreement_version))


def _open_people(office: Office, doer: Actor) -> object:
    about = organization_of(office)
    return alike(lambda: applying.reopen(office.desk, doer, CaseKind.PEOPLE, about))


def _record_proofing(office: Office, doer: Actor) -> object:
    case = a_draft(office)
    (rosa,) = [one for one in case_page.people_of(office.desk, office.applicant) if one.case_id == case.id]
    return alike(lambda: trusted_agents.record(office.desk, doer, rosa.id, a_proofing(office)))


def _note(office: Office, doer: Actor) -> object:
    case = an_application(office)
    return alike(lambda: deciding.note(office.desk, doer, case.id, WHY, Side.APPLICANT))


def _see(office: Office, doer: Actor) -> object:
    case = a_draft(office)
    somebody = case_page.people_of(office.desk, office.applicant)[-1].id
    return alike(
        lambda: _there(case.id, {one.case.id for one in case_page.of_account(office.desk, doer)}),
        lambda: _there(case.organization_id, {one.organization.id for one in case_page.organizations_of(office.desk, doer)}),
        lambda: _there(somebody, {one.id for one in case_page.people_of(office.desk, doer)}),
        lambda: case_page.case_page(office.desk, doer, case.id, officer=False),
        lambda: case_page.organization_page(office.desk, doer, case.organization_id, officer=False),
        lambda: case_page.person(office.desk, doer, somebody, officer=False),
    )


def _see_every(office: Office, doer: Actor) -> object:
    case = a_draft(office)
    somebody = case_page.people_of(office.desk, office.applicant)[-1].id
    return alike(
        lambda: case_page.queue(office.desk, doer),
        lambda: case_page.case_page(office.desk, doer, case.id, officer=True),
        lambda: case_page.organization_page(office.desk, doer, case.organization_id, officer=True),
        lambda: case_page.person(office.desk, doer, somebody, officer=True),
        lambda: case_list.cases(office.desk, doer, CaseFilter()),
        lambda: case_list.organizations_chosen(office.desk, doer),
        lambda: case_list.due_for_review(office.desk, doer),
        lambda: case_list.earlier_cases(office.desk, doer, case.id),
        lambda: domain_views.of_organization(_domains(office), doer, case.organization_id),
    )


def _domains(office: Office) -> Domains:
    return Domains(office.desk.database, office.clock, secrets.token_bytes, RULES, DomainConfig(), Zones(), Box())


def _see_evidence(office: Office, doer: Actor) -> object:
    opening = Opening()
    office = replace(office, desk=replace(office.desk, seal=opening.seal, unseal=opening.open))
    case = a_draft(office)
    somebody = next(one.id for one in case_page.people_of(office.desk, office.applicant) if one.case_id == case.id)
    return alike(lambda: evidence_shown.show_evidence(office.desk, doer, somebody, WHY))


def _decide(office: Office, doer: Actor) -> object:
    """Every verdict, the approval as the first of two and as the last."""
    cases = [(an_application(office), step) for step in VERDICTS.values()]
    cases.append((decided(office, an_application(office), Step.APPROVE, office.olga), Step.APPROVE))
    return alike(
        *(
            lambda case=case, step=step: deciding.decide(office.desk, doer, case.id, Verdict(step, WHY, case.revision))
            for case, step in cases
        )
    )


def _ask(office: Office, doer: Actor) -> object:
    case = an_application(office)
    return alike(lambda: deciding.note(office.desk, doer, case.id, WHY, Side.AUTHORITY))


def _suspend(office: Office, doer: Actor) -> object:
    one, other = organization_of(office), organization_of(office)
    with office.desk.database.write() as tx:
        organizations.suspend(tx, other, actor=OPERATOR, reason=WHY, at=office.clock.now())
    return alike(
        lambda: deciding.suspend(office.desk, doer, one, WHY),
        lambda: deciding.reinstate(office.desk, doer, other, WHY),
    )


def _proof_by_provider(office: Office, doer: Actor) -> object:
    case = applying.apply(office.desk, office.applicant, some_facts())
    person = applying.propose(office.desk, office.applicant, case.id, a_person(office, proofing=None))
    at = a_provider(office.desk, person.name)
    return alike(lambda: proofed(at, doer, person.id))


OF_STAFF = {
    "ALLOW_MANAGING_APPLICATION": scopes.ACCOUNT_MANAGE,
    "ALLOW_OFFICERS_APPLICATION": scopes.AUTHORITY_REVOKE,
    "ALLOW_VETTING_APPLICATION": scopes.AUTHORITY_VET,
    "ALLOW_READING_APPLICATION": scopes.AUTHORITY_READ,
    "ALLOW_AGENTS_APPLICATION": scopes.AUTHORITY_PROOF,
}
"""The scopes that ask for a second factor anew, by the rule that says who may grant them."""

OF_APPLICANTS: dict[str, Call] = {
    "OPEN_CASE": _open,
    "PREPARE_CASE": _prepare,
    "ANSWER_DECISION": _answer,
    "RETIRE_PERSON": _retire,
    "ACCEPT_AGREEMENT": _accept,
    "OPEN_PEOPLE_CASE": _open_people,
    "NOTE_CASE": _note,
    "SEE_CASES": _see,
    "PROOF_BY_PROVIDER": _proof_by_provider,
}
"""What an account does about its own cases."""

OF_OFFICERS: dict[str, Call] = {
    "SEE_EVERY_CASE": _see_every,
    "SEE_EVIDENCE": _see_evidence,
    "RECORD_PROOFING": _record_proofing,
    "DECIDE_CASE": _decide,
    "ASK_APPLICANT": _ask,
    "SUSPEND_ORGANIZATION": _suspend,
}
"""What the authority does about the cases of others."""


def alike(*verbs: Callable[[], object]) -> object:
    """The verbs of one rule: whoever may do one may do all. Raises what the first refused; every other error is a bug."""
    refused: list[Exception] = []
    for verb in verbs:
        try:
            verb()
        except _REFUSALS as error:
            refused.append(error)
        except Exception as error:
            raise AssertionError(f"{error!r} says nothing about who may") from error
    assert len(refused) in (0, len(verbs)), f"one rule, yet of {len(verbs)} verbs these alone refused: {refused}"
    if refused:
        raise refused[0]
    return len(verbs)


def _there(wanted: str | None, found: set[str]) -> object:
    """What the verb shows or makes is the doer's account's; nothing in its call could name another's."""
    if wanted not in found:
        raise NoSuchCase("Not among them.")
    return found
