"""Each kind of proposal, wherever it stands, has words and a page in the console, and leads to what came of it."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from directca.accounts.person import Role
from directca.db.engine import Database
from directca.vetting import actors, proposal_store, proposals
from directca.vetting.proposal_model import NewProposal, Proposal, ProposalKind, ProposalState
from directca.web.console import proposal_pages
from tests.console import Desk, a_desk
from tests.visiting import staff
from tests.world import ALICE

PROPOSALS = "/console/proposals"
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
        assert f">{state.value}</span>" in page.text
        assert ("Confirm it" in page.text) is (state is ProposalState.OPEN)
    done, failed = (inside(shown[state].text) for state in (ProposalState.DONE, ProposalState.FAILED))
    assert "0123456789abcdef" in done
    assert ("/console/revocations/0123456789abcdef" in done) is bool(LEADS_TO[kind])
    assert "authority_already_revoked" in failed
    assert "/console/revocations/authority_already_revoked" not in failed


def inside(page: str) -> str:
    return page.partition('<main id="main"')[2].partition("</main>")[0]


def test_each_state_has_a_colour() -> None:
    assert set(proposal_pages.STATES) == set(ProposalState)
    assert set(proposal_pages.KINDS) == set(ProposalKind)
