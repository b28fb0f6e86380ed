"""Staff of the authority, signed in, for a browser to look at their pages: an applicant with a case, an officer, an auditor."""

import contextlib
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from directca.accounts import accounts, audit, people, people_store, sessions, top_ups
from directca.accounts.billing_config import BillingConfig
from directca.accounts.member import Member
from directca.accounts.payment import ManualPayments
from directca.accounts.people import NewPerson
from directca.accounts.person import Person, Role, Session
from directca.accounts.top_up_model import PaymentMethod
from directca.accounts.top_ups import Payment
from directca.certificates.chosen import Selection
from directca.desk import Desk, open_desk
from directca.journal import verification
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk
from directca.revocation.bulk_model import Wanted
from directca.revocation.context import Revocation
from directca.revocation.model import the_authority
from directca.vetting import actors, applying, deciding
from directca.vetting.case_model import Actor, Side
from tests.applications import Office, a_person, some_facts
from tests.live import LiveServer
from tests.people import OPERATOR, PASSWORD

Group = dict[str, Any]
"""Who looks, by the cookie of their browser, and at which pages, by their names."""


OWN, CASE = "/console/organizations", "/console/cases"
REGISTERED, REVOCATIONS = "/console/authority/organizations", "/console/revocations"
APPLICANTS = {
    "organizations": OWN,
    "case": f"{OWN}/cases/{{case}}",
    "draft": f"{OWN}/cases/{{draft}}",
    "facts": f"{OWN}/cases/{{draft}}/facts",
    "person": f"{OWN}/cases/{{draft}}/people",
    "organization": f"{OWN}/{{organization}}",
}
OFFICERS = {
    "queue": "/console/queue",
    "deciding": f"{CASE}/{{case}}",
    "numbers": f"{CASE}/people/{{person}}/numbers",
    "registry": REGISTERED,
    "registered": f"{REGISTERED}/{{organization}}",
    "end": f"{REGISTERED}/{{organization}}/end",
    "revocations": REVOCATIONS,
    "revoke-many": f"{REVOCATIONS}/new?domain=springfield.example&reason=superseded&text=a+drill",
    "revocation": f"{REVOCATIONS}/{{job}}",
    "proposals": "/console/proposals",
    "reports": "/console/reports",
}
AUDITORS = {
    "journal": "/console/journal",
    "row": "/console/journal/rows/2",
    "verification": "/console/journal/verification",
    "copy": "/console/journal/copy?kind=certificate",
    "state": "/console/state",
    "policy": "/console/policy",
    "prices": "/console/prices",
    "settings": "/console/settings",
    "people": "/authority/people",
}
OPERATORS = {"payments": "/console/payments", "payment": "/console/payments/{payment}"}
NAMES = (*APPLICANTS, *OFFICERS, *AUDITORS, *OPERATORS)


def groups(live: LiveServer) -> list[Group]:
    """Everybody, each with their pages; what those show is there."""
    desk = open_desk(live.data_dir)
    with contextlib.closing(desk.database):
        with desk.database.write() as tx:
            clinic, authority = (
                accounts.open_account(tx, name, actor=OPERATOR, at=desk.clock.now(), random=secrets.token_bytes).id
                for name in ("Springfield Health", "The authority")
            )
        anna, applicant = _somebody(desk, clinic, "Anna Applicant")
        _, officer = _somebody(desk, authority, "Olga Officer", Role.OFFICER)
        _, auditor = _somebody(desk, authority, "Kim Auditor", Role.AUDITOR)
        _, operator = _somebody(desk, authority, "Otto Operator", Role.OPERATOR)
        about = {**_cases(desk, anna), "job": _job(desk), "payment": _payment(desk, applicant[0].person)}
        walk = audit.begin_verification(desk.people, by=auditor[0])
        verification.walk(desk.database, desk.clock, walk.id)
    everybody = ((applicant, APPLICANTS), (officer, OFFICERS), (auditor, AUDITORS), (operator, OPERATORS))
    return [_group(live, who, {name: path.format(**about) for name, path in pages.items()}) for who, pages in everybody]


def _cases(desk: Desk, anna: Actor) -> dict[str, str]:
    """A case that waits for the authority, with a note, and a draft that lacks nearly everything."""
    registration = desk.registration
    office = Office(registration, desk.clock, *(anna for _ in range(5)))  # type: ignore[arg-type]  # its clock is only read
    made = applying.apply(registration, anna, some_facts())
    rosa = applying.propose(registration, anna, made.id, a_person(office))
    applying.submit(registration, anna, made.id)
    deciding.note(registration, actors.operator(OPERATOR), made.id, "Is this the clinic on Main Street?", Side.AUTHORITY)
    draft = applying.apply(registration, anna, replace(some_facts(), legal_name="Clinic of Shelbyville", npi=None, street=None))
    return {"case": made.id, "organization": made.organization_id, "person": rosa.id, "draft": draft.id}


def _job(desk: Desk) -> str:
    """An order that found nothing to revoke."""
    ca = Revocation(desk.database, desk.clock, desk.policy, {})
    wanted = Wanted(Selection(domain=f"{secrets.token_hex(4)}.example"), RevocationReason.SUPERSEDED, explanation="a drill")
    return bulk.order(ca, the_authority(OPERATOR), wanted)[0].id


def _payment(desk: Desk, payer: Person) -> str:
    """A payment that is waited for."""
    billing = replace(desk.billing, payments=ManualPayments(BillingConfig(wire=("Bank of Springfield",))))
    return top_ups.ask(billing, Member(payer.account_id, payer.id), Payment(250_00, PaymentMethod.WIRE))[0].id


def _somebody(desk: Desk, account_id: str, name: str, *roles: Role) -> tuple[Actor, tuple[Session, str]]:
    """A person in whose browser a second factor was just shown."""
    username = f"{name.lower().replace(' ', '.')}.{secrets.token_hex(3)}"
    made = people.create(desk.people, NewPerson(account_id, username, name, PASSWORD, frozenset(roles)), actor=OPERATOR)
    secret, now = sessions.new_secret(desk.people), desk.clock.now()
    ends = now + timedelta(hours=8)
    session = Session(
        sessions.digest(secret), made, name, "Firefox", now, now, ends, second_factor_at=now, has_factor=bool(roles)
    )
    with desk.database.write() as tx:
        people_store.add_session(tx, session)
    return actors.person(desk.registration, account_id, made.id, shown_at=now), (session, secret)


def _group(live: LiveServer, who: tuple[Session, str], pages: dict[str, str]) -> Group:
    cookie = {"name": "directca_session", "value": who[1], "url": live.base_url}
    return {"cookie": cookie, "pages": [{"name": name, "path": path} for name, path in pages.items()]}
