"""An application for tests: `an_application(desk)` says everything, and officers who have nothing to do with it decide."""

import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from directca.accounts import accounts, people
from directca.accounts.people import NewPerson
from directca.accounts.person import Role
from directca.db.engine import Database
from directca.direct.oids import OrganizationType
from directca.journal import read
from directca.journal.verify import verify
from directca.vetting import actors, applying, deciding
from directca.vetting.applying import SaidPerson, SaidProofing
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.case_model import Actor, CaseFacts, ExistenceEvidence, PersonRole, Step, VettingCase
from directca.vetting.context import Registration
from directca.vetting.deciding import Verdict
from directca.vetting.declarations import CURRENT
from directca.vetting.model import ProofingMethod
from tests.clinic import RULES, sealed
from tests.clocks import MovableClock
from tests.people import OPERATOR, PASSWORD, some_people

NPI = "1234567893"
NUMBER = "C01X00T47"


@dataclass(frozen=True)
class Office:
    """The registration authority with its people: an applicant, a second account, and three officers."""

    desk: Registration
    clock: MovableClock
    applicant: Actor
    stranger: Actor
    olga: Actor
    otto: Actor
    oscar: Actor


def an_office(database: Database, **config: Any) -> Office:
    """A registration authority whose officers are of its own account."""
    clock = MovableClock()
    desk = Registration(database, clock, RULES, ApprovalConfig(**config), some_people(database, clock), sealed)
    own, clinic, other = (an_account(desk, name) for name in ("Authority", "Clinic", "Hospital"))
    return Office(
        desk,
        clock,
        somebody(desk, clinic, "Anna Applicant"),
        somebody(desk, other, "Sam Stranger"),
        *(somebody(desk, own, name, Role.OFFICER) for name in ("Olga Officer", "Otto Officer", "Oscar Officer")),
    )


def an_account(desk: Registration, name: str) -> str:
    with desk.database.write() as tx:
        return accounts.open_account(tx, name, actor=OPERATOR, at=desk.clock.now(), random=secrets.token_bytes).id


def somebody(desk: Registration, account_id: str, name: str, *roles: Role) -> Actor:
    username = f"{name.lower().replace(' ', '.')}.{secrets.token_hex(3)}"
    made = people.create(desk.people, NewPerson(account_id, username, name, PASSWORD, frozenset(roles)), actor=OPERATOR)
    return actors.person(desk, account_id, made.id, "client:portal", desk.clock.now())


def a_representative(office: Office) -> Actor:
    """Somebody of the applicant's account who may speak for its organizations."""
    return somebody(office.desk, str(office.applicant.account_id), "Rita Representing", Role.REPRESENTATIVE)


def some_facts(**changes: Any) -> CaseFacts:
    facts: dict[str, Any] = {
        "legal_name": "Clinic of Springfield",
        "street": "1 Main Street",
        "locality": "Springfield",
        "state": "Illinois",
        "postal_code": "62701",
        "organization_types": (OrganizationType.COVERED_ENTITY,),
        "existence_evidence": ExistenceEvidence.GOVERNMENT_REGISTRY,
        "existence_reference": "IL 4711",
        "npi": NPI,
        "attested_by": "Rosa Representative",
        "attested_title": "Compliance officer",
        "attestation_version": CURRENT,
    }
    return CaseFacts(**(facts | changes))


def a_person(office: Office, **changes: Any) -> SaidPerson:
    said: dict[str, Any] = {"name": "Rosa Representative", "title": "Director", "role": PersonRole.REPRESENTATIVE}
    return SaidPerson(**({**said, "proofing": a_proofing(office)} | changes))


def a_proofing(office: Office, **changes: Any) -> SaidProofing:
    said: dict[str, Any] = {
        "method": ProofingMethod.IN_PERSON,
        "evidence": (("passport", NUMBER),),
        "verifier": "Vera Verifier",
        "proofed_at": office.clock.now() - timedelta(days=1),
        "declared_by_representative": CURRENT,
        "declared_by_verifier": CURRENT,
    }
    return SaidProofing(**(said | changes))


def a_draft(office: Office, **changes: Any) -> VettingCase:
    """A draft that lacks nothing."""
    case = applying.apply(office.desk, office.applicant, some_facts(**changes))
    applying.propose(office.desk, office.applicant, case.id, a_person(office))
    return case


def an_application(office: Office, **changes: Any) -> VettingCase:
    """An application that waits for the authority."""
    return applying.submit(office.desk, office.applicant, a_draft(office, **changes).id)


def decided(office: Office, case: VettingCase, step: Step, *deciders: Actor) -> VettingCase:
    """The case after each of these has decided so."""
    for one in deciders:
        case = deciding.decide(office.desk, fresh(office, one), case.id, Verdict(step, "as it must be", case.revision))
    return case


def fresh(office: Office, who: Actor) -> Actor:
    """Somebody who has just shown the second factor; the operator has none."""
    return who if who.person_id is None else replace(who, shown_at=office.clock.now())


def an_approved_one(office: Office) -> VettingCase:
    """An application that two officers have approved."""
    return decided(office, an_application(office), Step.APPROVE, office.olga, office.otto)


def kinds(office: Office) -> list[str]:
    """What the journal, which is whole, says was done, in order."""
    with office.desk.database.read() as tx:
        assert verify(tx).problems == ()
        return [row.event.kind for row in read.latest(tx, limit=1000)]
