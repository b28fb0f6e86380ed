"""Each kind of proposal, wherever it stands, has words and a page in the console, and leads to what came of it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from starlette.testclient import TestClient

from directca.accounts.person import Role
from directca.certificates.chosen import Selection
from directca.certificates.filters import Filters
from directca.certificates.model import State
from directca.db.engine import Database
from directca.pki.reasons import RevocationReason
from directca.revocation import ordering, policy
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.bulk_model import CANCELLED, Wanted
from directca.revocation.model import the_authority
from directca.revocation.policy import UNCHANGED
from directca.vetting import actors, proposal_store, proposals
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.proposal_errors import AwaitsApproval
from directca.vetting.proposal_model import NewProposal, Proposal, ProposalKind, ProposalState
from directca.web.console import proposal_pages, revocation_words
from directca.web.states import STATES
from tests.console import Desk, a_desk
from tests.visiting import EVERY_SCRIPT, an_account, sent, staff
from tests.world import ALICE, DOMAIN, START

CLINIC = "Sandbox Clinic"
PROPOSALS, ORDERS = "/console/proposals", "/console/billing/orders"
RESULTS = {
    ProposalState.DONE: "0123456789abcdef",
    ProposalState.FAILED: "authority_already_revoked",
}
LEADS_TO = {
    ProposalKind.REVOCATION: "/console/revocations/0123456789abcdef",
    ProposalKind.ENDING: "/console/revocations/0123456789abcdef",
    ProposalKind.AUTHORITY: "",
    ProposalKind.ISSUANCE: "",
}
"""The page of what came of one that was carried out, where it has any."""


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def olga(desk: Desk) -> TestClient:
    return staff(desk, "olga", Role.OFFICER, name="Olga Officer")


def some_proposals(desk: Desk, kind: ProposalKind) -> dict[ProposalState, Proposal]:
    """One of a kind in each state."""
    now, pair, made = desk.console.clock.now(), desk.world.issue(ALICE).record, {}
    about = ((pair.id, pair.account_id),) if kind is ProposalKind.REVOCATION else ()
    with desk.world.database.write() as tx:
        for state in ProposalState:
            new = NewProposal(kind, f"name:{ALICE}", {"explanation": state.value}, "a drill", 1, desk.world.account_id, about)
            one = proposals.make(tx, desk.console.registration, actors.operator("operator:ann"), new)
            if state is not ProposalState.OPEN:
                assert proposal_store.move(tx, one, state, now, RESULTS.get(state))
            made[state] = replace(one, state=state)
    return made


@pytest.mark.parametrize("kind", list(ProposalKind))
def test_each_kind_has_words_and_a_page_wherever_it_stands(desk: Desk, olga: TestClient, kind: ProposalKind) -> None:
    made, words = some_proposals(desk, kind), proposal_pages.KINDS[kind]
    listed = olga.get(PROPOSALS)
    assert listed.status_code == 200
    shown = {state: olga.get(f"{PROPOSALS}/{one.id}") for state, one in made.items()}
    for state, page in shown.items():
        assert page.status_code == 200, state
        assert f'<a href="{PROPOSALS}/{made[state].id}">{words}</a>' in listed.text
        assert f"<h1>{words}" in page.text
        assert f">{STATES['proposal'][state].word}</span>" in page.text
        assert ("Confirm it" in page.text) is (state is ProposalState.OPEN)
    done, failed = (inside(shown[state].text) for state in (ProposalState.DONE, ProposalState.FAILED))
    assert "0123456789abcdef" in done
    assert ("/console/revocations/0123456789abcdef" in done) is bool(LEADS_TO[kind])
    assert "it could not be carried out any more: the authority was revoked already" in failed
    assert "authority_already_revoked" not in failed


def inside(page: str) -> str:
    return page.partition('<main id="main"')[2].partition("</main>")[0]


def wanted(desk: Desk, kind: ProposalKind) -> str:
    """The page of what somebody has proposed by the verb of its kind; an issue is asked for by its applicant."""
    if kind is ProposalKind.ISSUANCE:
        return f"{PROPOSALS}/{an_issue_that_waits(desk, ALICE)}"
    desk.world.issue(ALICE)
    ca, registration = desk.console.revocation, replace(desk.console.registration, config=ApprovalConfig())
    actor, requester = actors.operator("operator:ann"), the_authority("operator:ann")
    made: object
    if kind is ProposalKind.AUTHORITY:
        revoked = AuthorityRevocation(RevocationReason.CA_COMPROMISE, START, "a drill")
        made = ordering.revoke_authority(ca, registration, actor, "issuing", revoked)
    elif kind is ProposalKind.ENDING:
        made = ordering.end(ca, registration, actor, requester, desk.world.organization_id, "a drill")
    else:
        selection = Selection(organization_id=desk.world.organization_id, filters=Filters(name_like=f"*@{DOMAIN}"))
        many = Wanted(selection, RevocationReason.SUPERSEDED, START, "a drill")
        made = ordering.revoke_many(ca, registration, actor, requester, many)
    assert isinstance(made, Proposal)
    return f"{PROPOSALS}/{made.id}"


SAID = {
    ProposalKind.REVOCATION: (
        f">{CLINIC}</a></dd>",
        f'<dt>Names like</dt><dd class="mono">*@{DOMAIN}</dd>',
        "<dt>Reason</dt><dd>Another pair took its place (superseded)</dd>",
        f"<dt>Suspect since</dt><dd>{START:%Y-%m-%d %H:%M} UTC</dd>",
        "<dt>How they stand</dt><dd>1 issued</dd>",
        "<dt>What would become of them</dt><dd>1 revoked</dd>",
        f'<dt>Among them</dt><dd class="mono">{ALICE}</dd>',
    ),
    ProposalKind.ENDING: (
        "<dt>Organization</dt><dd><a ",
        f">{CLINIC}</a></dd>",
        "<dt>Names whose certificates would be revoked</dt><dd>1</dd>",
    ),
    ProposalKind.AUTHORITY: (
        '<dt>Authority</dt><dd class="mono">issuing</dd>',
        "<dt>Reason</dt><dd>An authority is compromised (cACompromise)</dd>",
        f"<dt>Suspect since</dt><dd>{START:%Y-%m-%d %H:%M} UTC</dd>",
    ),
    ProposalKind.ISSUANCE: (
        f'<dt>For</dt><dd class="mono">{ALICE}</dd>',
        f">{CLINIC}</a></dd>",
        "<dt>For how long</dt><dd>1 year</dd>",
        "<dt>What</dt><dd>First issue</dd>",
        "<dt>Signing key (SHA-256)</dt>",
    ),
}
"""What the page of each kind says of what would be done, and of what would become of it."""


@pytest.mark.parametrize("kind", list(ProposalKind))
def test_what_would_be_done_is_said_in_words(desk: Desk, olga: TestClient, kind: ProposalKind) -> None:
    where = wanted(desk, kind)
    page, listed = (inside(olga.get(path).text) for path in (where, PROPOSALS))
    for words in SAID[kind]:
        assert words in page
    labels = re.findall("<dt>(.*?)</dt>", page)
    assert [one for one in labels if "_" in one or one[0].islower()] == []
    assert "{" not in page
    assert page.count(f"{CLINIC}<") == (0 if kind is ProposalKind.AUTHORITY else 1), "nothing is said twice"
    assert ('data-head="Pairs">1</td>' in listed, 'data-head="Pairs">–</td>' in listed) == (
        (True, False) if kind is ProposalKind.REVOCATION else (False, True)
    )
    known = proposals.show(desk.console.registration, actors.operator("operator:ann"), where.rpartition("/")[2])
    assert f'<a href="{where}">{proposal_pages.KINDS[kind]}</a>' in listed
    assert (CLINIC in listed) is (kind is ProposalKind.ENDING)
    assert desk.world.organization_id not in listed
    assert all(name in page for name in known.plan.get("sample", ()) if isinstance(name, str))


def test_nothing_that_is_confirmed_is_left_out_for_want_of_words(desk: Desk, olga: TestClient) -> None:
    new = NewProposal(ProposalKind.ENDING, "organization:x", {"legal_name": "X", "half_life": "7"}, "a drill", 1)
    with desk.world.database.write() as tx:
        made = proposals.make(tx, desk.console.registration, actors.operator("operator:ann"), new)
    assert "<dt>Half life</dt><dd>7</dd>" in olga.get(f"{PROPOSALS}/{made.id}").text


@dataclass(frozen=True)
class Standing:
    """As much of a pair as decides about it."""

    state: State
    is_valid: bool
    revocation_reason: RevocationReason | None = RevocationReason.SUPERSEDED
    identifier: str = ALICE

    def valid_at(self, _moment: datetime) -> bool:
        """Whether it has not expired."""
        return self.is_valid


def test_an_organization_that_is_called_something_else_by_now_is_told_by_both_names(desk: Desk, olga: TestClient) -> None:
    content = {"legal_name": "Former Clinic", "organization": desk.world.organization_id, "reason": "a drill"}
    new = NewProposal(ProposalKind.ENDING, "organization:x", content, "a drill", 1)
    with desk.world.database.write() as tx:
        made = proposals.make(tx, desk.console.registration, actors.operator("operator:ann"), new)
    page = inside(olga.get(f"{PROPOSALS}/{made.id}").text)
    assert f">{CLINIC}</a></dd>" in page
    assert "<dt>Legal name</dt><dd>Former Clinic</dd>" in page


def test_every_outcome_has_words() -> None:
    standings = [Standing(state, is_valid) for state in (State.ISSUED, State.HELD, State.REVOKED) for is_valid in (True, False)]
    found = {policy.outcome(one, reason, START) for one in standings for reason in RevocationReason}
    assert found | {CANCELLED} == set(revocation_words.OUTCOMES)
    assert UNCHANGED in found


@pytest.mark.parametrize("role", [Role.OFFICER, Role.AUDITOR, Role.OPERATOR])
def test_what_came_of_it_leads_those_there_who_may_open_it(desk: Desk, role: Role) -> None:
    somebody = staff(desk, "some", role)
    made = some_proposals(desk, ProposalKind.ENDING)[ProposalState.DONE]
    page = inside(somebody.get(f"{PROPOSALS}/{made.id}").text)
    assert "the revocation 0123456789abcdef" in page
    for address in set(re.findall('href="(/console/[^"]+)"', page)):
        assert somebody.get(address).status_code != 403, address
    assert ("/console/revocations/0123456789abcdef" in page) is (role is not Role.OPERATOR)


def an_issue_that_waits(desk: Desk, name: str) -> str:
    """The proposal for which an issue of the clinic waits."""
    config = ApprovalConfig(issuance_waits=("first",))
    desk.world.issuance = replace(desk.world.issuance, registration=replace(desk.console.registration, config=config))
    with pytest.raises(AwaitsApproval) as refusal:
        desk.world.issue(name)
    return str(refusal.value.proposal)


def test_an_applicant_sees_what_waits_for_an_officer_and_what_was_decided(desk: Desk, olga: TestClient) -> None:
    made, maria = an_issue_that_waits(desk, ALICE), desk.signed_in()
    overview, listed = (inside(maria.get(path).text) for path in ("/console", ORDERS))
    assert f"{ALICE} waits for an officer: it is the organization&#39;s first." in overview
    assert f'href="{ORDERS}"' in overview
    assert "An officer must approve it: it is the organization&#39;s first." in listed
    seen = proposals.show(desk.console.registration, actors.operator("operator:ann"), made)
    sent(olga, f"{PROPOSALS}/{made}", step="confirm", text=f"seen {EVERY_SCRIPT}", digest=seen.digest)
    overview, listed = (inside(maria.get(path).text) for path in ("/console", ORDERS))
    assert f"{ALICE} was approved. Send the same request once more" in overview
    assert "Send the same request once more." in listed
    assert "seen &lt;script&gt;" in listed
    desk.world.issue(ALICE)
    overview, listed = (inside(maria.get(path).text) for path in ("/console", ORDERS))
    assert "was approved" not in overview
    assert "Not ordered yet" not in listed
    assert ALICE in listed


def test_another_account_sees_nothing_of_what_waits(desk: Desk) -> None:
    an_issue_that_waits(desk, ALICE)
    desk.person("sam", account_id=an_account(desk, "Hospital"))
    sam = desk.signed_in("sam")
    assert ALICE not in sam.get("/console").text + sam.get(ORDERS).text


def test_officers_page_through_what_waits(desk: Desk, olga: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "MOST", 2)
    made = [an_issue_that_waits(desk, f"p{number}@{DOMAIN}") for number in range(3)]
    first = olga.get(PROPOSALS)
    onwards = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert onwards is not None
    second = olga.get(onwards[1].replace("&amp;", "&"))
    assert "3 wait" in first.text
    assert [sum(f"{PROPOSALS}/{one}" in page.text for one in made) for page in (first, second)] == [2, 1]
    assert 'rel="next"' not in second.text
    assert olga.get(f"{PROPOSALS}?after=nonsense").status_code == 200


def test_each_kind_and_each_state_that_the_account_is_told_of_has_its_words() -> None:
    assert set(proposal_pages.KINDS) == set(proposal_pages.CONSEQUENCES) == set(ProposalKind)
    assert set(STATES["waiting issue"]) == set(proposal_store.TOLD)
