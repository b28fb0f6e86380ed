"""What the authority has to show: organizations and cases in each state, orders, proposals, the journal; and its doors: signing
in with and without a second factor, sign-up, an invitation, consent, and the pages that say what went wrong."""

import re
from dataclasses import replace
from urllib.parse import urlencode

from starlette.testclient import TestClient

from directca.accounts import people
from directca.certificates.chosen import Selection
from directca.journal import verification
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk
from directca.revocation.bulk_model import Wanted
from directca.revocation.model import the_authority
from directca.vetting import actors, proposals
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.proposal_model import ProposalKind
from tests.billing import PostOffice
from tests.browser import forms
from tests.e2e.gallery import CONSOLE, SECURITY, Gallery, Records, field_of
from tests.material import csr
from tests.people import OPERATOR, USERNAME, Clinic
from tests.unit.web.test_organization_pages import FACTS, rosa
from tests.visiting import sent
from tests.website import CALLBACK, Site
from tests.world import DOMAIN, fresh_key


def organizations(made: Gallery, _records: Records) -> None:
    maria, world = made.browsers["maria"], made.desk.world
    own = f"{CONSOLE}/organizations"
    cases = {}
    for name in ("draft", "waiting", "sent-back", "approved", "rejected", "suspended", "ending"):
        facts = FACTS | {"legal_name": f"{name.replace('-', ' ').title()} Clinic"}
        cases[name] = sent(maria, f"{own}/new", **(facts | ({"npi": "", "street": ""} if name == "draft" else {})))
        if name != "draft":
            sent(maria, f"{cases[name]}/people", **rosa(made.desk))
            sent(maria, cases[name], step="submit")
    sent(maria, f"{cases['draft']}/people", name="Rosa Representative", title="Director", role="representative")
    sent(maria, cases["waiting"], step="note", text="When will it be decided?\nWe open on Monday.")
    _decide(made, cases["sent-back"], "send_back", "olga")
    _decide(made, cases["rejected"], "reject", "olga")
    for name in ("approved", "suspended", "ending"):
        _decide(made, cases[name], "approve", "olga", "otto")
    standing = {name: _organization_of(made, case) for name, case in cases.items()}
    sent(made.browsers["olga"], f"{CONSOLE}/authority/organizations/{standing['suspended']}/suspend", text="They moved away.")
    changing = sent(maria, f"{own}/{world.organization_id}", kind="modification")
    sent(maria, f"{changing}/facts", **FACTS, revision=field_of(maria, f"{changing}/facts", "revision"))
    representative = re.findall(rf"{own}/people/([0-9a-f]+)/end", maria.get(f"{own}/{standing['approved']}").text)[0]
    proposed = re.findall(rf"{own}/people/([0-9a-f]+)/identity", maria.get(cases["draft"]).text)[0]
    made.hang_all(
        "maria",
        organizations=own,
        organization_new=f"{own}/new",
        organization=f"{own}/{world.organization_id}",
        organization_suspended=f"{own}/{standing['suspended']}",
        agreement=f"{own}/{standing['approved']}/agreement",
        agreement_signed=f"{own}/{world.organization_id}/agreement",
        retire=f"{own}/people/{representative}/end",
        identity=f"{own}/people/{proposed}/identity",
        facts=f"{cases['draft']}/facts",
        person=f"{cases['draft']}/people",
        case_changing=changing,
        **{f"case_{name}": where for name, where in cases.items()},
    )
    made.hang("maria", "organization-mistake", f"{own}/new", 400, legal_name="", npi="1234567890", attested="yes")
    made.hang("maria", "person-mistake", f"{cases['draft']}/people", 400, name="", method="in_person")
    made.hang("maria", "case-withdraw", cases["draft"], step="withdraw")
    made.hang("maria", "identity-begun", f"{own}/people/{proposed}/identity", provider="test", declared="yes")
    made.hang("maria", "identity-mistake", f"{own}/people/{proposed}/identity", 400, provider="test")
    made.hang("maria", "identity-back", f"{CONSOLE}/identity/test?state=x&error=access_denied", 409)
    made.hang_all("nora", no_organizations=own)
    _queue(made, cases, standing, representative)


def _decide(made: Gallery, case: str, step: str, *deciders: str) -> None:
    here = f"{CONSOLE}/cases/{case.rpartition('/')[2]}"
    for who in deciders:
        revision = field_of(made.browsers[who], here, "revision")
        sent(made.browsers[who], here, step=step, text="Say which street it is.", revision=revision)


def _organization_of(made: Gallery, case: str) -> str:
    return re.findall(r"/console/organizations/([0-9a-f]{24,32})", made.browsers["maria"].get(case).text)[0]


def _queue(made: Gallery, cases: Records, standing: Records, person: str) -> None:
    """What officers see of the cases and of organizations."""
    queue, registry = f"{CONSOLE}/queue", f"{CONSOLE}/authority/organizations"
    deciding = {name: f"{CONSOLE}/cases/{case.rpartition('/')[2]}" for name, case in cases.items()}
    numbers = f"{CONSOLE}/cases/people/{person}/numbers"
    made.hang_all(
        "olga",
        queue=queue,
        queue_all=f"{queue}?state=all",
        queue_none=f"{queue}?name=nobody",
        numbers=numbers,
        registry=registry,
        registry_none=f"{registry}?name=nobody",
        registered=f"{registry}/{standing['approved']}",
        registered_suspended=f"{registry}/{standing['suspended']}",
        act_suspend=f"{registry}/{standing['approved']}/suspend",
        act_reinstate=f"{registry}/{standing['suspended']}/reinstate",
        act_end=f"{registry}/{made.desk.world.organization_id}/end",
        **{f"deciding_{name}": where for name, where in deciding.items()},
    )
    made.hang("olga", "numbers-shown", numbers, text="The notary has called.")
    made.hang("olga", "deciding-mistake", deciding["waiting"], 400, step="approve", text="", revision="1")
    made.hang("olga", "act-mistake", f"{registry}/{standing['approved']}/suspend", 400, text="")
    made.hang("oscar", "deciding-step-up", deciding["waiting"])
    made.hang("kim", "deciding-auditor", deciding["waiting"])


def revoking(made: Gallery, records: Records) -> None:
    olga, desk = made.browsers["olga"], made.desk
    revocations, waiting_list = f"{CONSOLE}/revocations", f"{CONSOLE}/proposals"
    plan = f"{revocations}/new?{urlencode({'domain': DOMAIN, 'reason': 'superseded', 'text': 'a drill'})}"
    refused = _ordered(olga, plan)
    sent(made.browsers["otto"], refused, step="refuse", text="It is not time for it.")
    withdrawn = _ordered(olga, plan)
    sent(olga, withdrawn, step="withdraw", text="A slip.")
    opened = _ordered(olga, plan)
    registry = f"{CONSOLE}/authority/organizations/{desk.world.organization_id}"
    ending = sent(olga, f"{registry}/end", text="It has closed.")
    jobs = []
    for text in ("a drill", "another"):
        wanted = Wanted(Selection(domain=f"{text[:2].strip()}.example"), RevocationReason.SUPERSEDED, explanation=text)
        jobs.append(bulk.order(desk.world.revocation, the_authority(OPERATOR), wanted)[0].id)
    everything = Wanted(Selection(account_id=desk.world.account_id), RevocationReason.SUPERSEDED, explanation="all")
    running = bulk.order(desk.world.revocation, the_authority(OPERATOR), everything)[0].id
    made.hang_all(
        "olga",
        revocations=revocations,
        revoke_many=f"{revocations}/new",
        revoke_many_plan=plan,
        revocation=f"{revocations}/{jobs[0]}",
        revocation_running=f"{revocations}/{running}",
        reports=f"{CONSOLE}/reports",
        proposals=waiting_list,
        proposal_own=opened,
        proposal_refused=refused,
        proposal_withdrawn=withdrawn,
    )
    made.hang("otto", "proposal", opened)
    made.hang("otto", "proposal-ending", ending)
    made.hang("otto", "proposal-mistake", opened, 400, step="confirm", text="")
    made.hang("oscar", "proposal-step-up", opened)
    made.hang("olga", "revoke-many-mistake", f"{revocations}/new?domain=a%40b", 400)
    made.hang("oscar", "overview-officer", CONSOLE)


def waiting(made: Gallery, _records: Records) -> None:
    """An issue that waits for an officer: what its applicant is asked first, and what the officer sees."""
    desk, maria = made.desk, made.browsers["maria"]
    registration = replace(desk.console.registration, config=ApprovalConfig(issuance_waits=("domain", "BusinessAssociate")))
    object.__setattr__(desk.console, "issuance", replace(desk.console.issuance, registration=registration))
    name, new = f"dave@{DOMAIN}", f"{CONSOLE}/certificates/new"
    fields = {"years": "1", "category": "BusinessAssociate"}
    fields |= {use: csr(name, fresh_key(20 + number)) for number, use in enumerate(("signing", "encryption"))}
    sent(maria, new, **fields, key="1", confirmed="yes")
    found = proposals.waiting(registration, actors.operator(OPERATOR)).open
    asked = next(one for one in found if one.kind is ProposalKind.ISSUANCE)
    made.hang("otto", "proposal-issue", f"{CONSOLE}/proposals/{asked.id}")
    made.hang("maria", "ask-first", new, 200, **fields)


def _ordered(browser: TestClient, plan: str) -> str:
    """The proposal that an officer's order for a plan becomes."""
    found = forms(browser.get(plan).text)
    fields = next(dict(form.fields) for form in found if "seen" in form.names() and form.method == "post")
    where: str = browser.post(plan.partition("?")[0], data=fields).headers["location"]
    return where


def oversight(made: Gallery, _records: Records) -> None:
    kim, desk = made.browsers["kim"], made.desk
    journal = f"{CONSOLE}/journal"
    sent(kim, f"{journal}/verification")
    verification.walk(desk.console.database, desk.world.clock, desk.walks[-1])
    made.hang_all(
        "kim",
        journal=journal,
        journal_none=f"{journal}?kind=nothing",
        journal_row=f"{journal}/rows/2",
        journal_verification=f"{journal}/verification",
        journal_copy=f"{journal}/copy?kind=certificate",
        state=f"{CONSOLE}/state",
        policy=f"{CONSOLE}/policy",
        prices=f"{CONSOLE}/prices",
        settings=f"{CONSOLE}/settings",
    )
    made.hang("kim", "journal-copy-mistake", f"{journal}/copy", 400, since="soon")
    people_page = "/authority/people"
    made.hang_all(
        "adam", people=people_page, people_one=f"{people_page}?username=olga", people_own=f"{people_page}?username=adam"
    )
    made.hang("adam", "people-mistake", f"{people_page}?username=nobody", 404)


def payments(made: Gallery, _records: Records) -> None:
    here = f"{CONSOLE}/payments"
    waiting = re.findall(rf'href="({here}/[^"/]+)"', made.browsers["adam"].get(here).text)[0]
    made.hang_all("adam", payments=here, payment=waiting)
    made.hang("adam", "payments-none", f"{here}?reference=TU-0000-0000", 404)
    made.hang("adam", "payment-mistake", waiting, 400, step="confirm", amount="much")


def security(made: Gallery, _records: Records) -> None:
    maria = made.browsers["maria"]
    factor = re.findall(rf'href="({SECURITY}/[^"/]+/remove)"', maria.get(SECURITY).text)[0]
    made.hang_all("maria", security=SECURITY, remove_factor=factor, sessions="/account/sessions", sign_out="/sign-out")
    made.hang_all("nora", no_factor=SECURITY)
    made.hang_all("newly", enrol=SECURITY, add_passkey=f"{SECURITY}/passkey")
    sent(maria, f"{SECURITY}/app/new")
    made.hang("maria", "add-app", f"{SECURITY}/app")
    made.hang("half", "second-factor", "/sign-in/second-factor?next=%2Fconsole%2Fqueue")
    made.hang("half", "second-factor-mistake", "/sign-in/second-factor", 403, code="000000")
    made.hang("oscar", "second-factor-again", "/sign-in/second-factor?next=%2Fconsole%2Fqueue")


def doors(made: Gallery, _records: Records) -> None:
    desk = made.desk
    office = desk.console.joining.post
    assert isinstance(office, PostOffice)
    link = re.findall(r"/invitation\?token=\S+", office.letters[-1].text)[0]
    maria_herself = next(
        one for one in people.people_of(desk.console.web.people, desk.world.account_id) if one.username == USERNAME
    )
    clinic = Clinic(desk.console.web.people, desk.world.clock, desk.world.account_id, maria_herself)  # type: ignore[arg-type]  # a world turns its clock by another name
    site = Site(desk.console.web, desk.app, clinic, desk.console.web.pages.public_url)
    application = site.application()
    site.connect(application)
    client = application.client.client_id
    asked = urlencode({"client_id": client, "redirect_uri": CALLBACK, "response_type": "code", "scope": "tuser.account"})
    made.hang_all("nobody", start="/", sign_in="/sign-in", signed_out="/sign-out", sign_up="/sign-up", invitation=link)
    made.hang("nobody", "sign-in-mistake", "/sign-in", 403, username="maria", password="wrong")
    made.hang("nobody", "sign-in-empty", "/sign-in", 400, username="", password="")
    made.hang("nobody", "sign-up-code", "/sign-up", email="new@clinic.example")
    made.hang("nobody", "sign-up-mistake", "/sign-up", 400, email="nobody")
    made.hang("nobody", "invitation-gone", "/invitation?token=x", 404)
    made.hang("nobody", "not-found", "/nothing", 404)
    made.hang("nobody", "fault", "/broken", 500)
    made.hang("nobody", "away", "/away", 503)
    made.hang("nobody", "no-application", "/oauth/authorize?client_id=nobody", 400)
    made.hang("nora", "forbidden", f"{CONSOLE}/queue", 403)
    made.hang("maria", "form-not-ours", "/account/sessions", 403, csrf_token="x")
    made.hang_all(
        "maria",
        consent=f"/oauth/authorize?{asked}",
        applications="/account/applications",
        withdraw=f"/account/applications/{client}/withdraw",
    )
