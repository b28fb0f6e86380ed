"""`directca case`: the queue, a case, and decisions that the operator takes as one person among others."""

from datetime import UTC, datetime, timedelta

import pytest

from directca.accounts import people
from directca.accounts.people import NewPerson
from directca.cli.context import opened
from directca.settings import FILE
from directca.vetting import actors, applying
from directca.vetting.applying import SaidPerson, SaidProofing
from directca.vetting.case_model import PersonRole, VettingCase
from directca.vetting.declarations import CURRENT
from directca.vetting.model import ProofingMethod
from tests.applications import some_facts
from tests.people import OPERATOR, PASSWORD
from tests.unit.cli.conftest import Shell


@pytest.fixture
def case(shell: Shell, account: str) -> VettingCase:
    """An application that waits."""
    with opened(shell.data) as desk:
        registration = desk.registration
        anna = people.create(desk.people, NewPerson(account, "anna", "Anna Applicant", PASSWORD), actor=OPERATOR)
        who = actors.person(registration, account, anna.id)
        made = applying.apply(registration, who, some_facts())
        yesterday = datetime.now(UTC) - timedelta(days=1)
        proofing = SaidProofing(ProofingMethod.NOTARY, (("passport", "C01X00T47"),), "Vera Verifier", yesterday, CURRENT, CURRENT)
        applying.propose(
            registration, who, made.id, SaidPerson("Rosa Representative", "Director", PersonRole.REPRESENTATIVE, proofing)
        )
        return applying.submit(registration, who, made.id)


def test_the_operator_asks_and_is_one_of_two_who_approve(shell: Shell, case: VettingCase) -> None:
    queued = shell.json("case", "queue")
    assert [one["id"] for one in queued["cases"]] == [case.id]
    assert "0 of 2" in shell.run("case", "queue").stdout
    noted = shell.json("case", "note", case.id, "Which registry?")
    assert noted["history"][-1]["text"] == "Which registry?"
    shown = shell.run("case", "show", case.id).stdout
    assert "Clinic of Springfield" in shown
    assert "•••••••47" in shown
    assert "Which registry?" in shown
    decision = ("--reason", "seen in the registry", "--revision", case.revision)
    approved = shell.json("case", "approve", case.id, *decision)
    assert (approved["state"], approved["approvals"]) == ("submitted", 1)
    assert shell.slug("case", "approve", case.id, *decision) == "second_person_required"
    # Whoever sits at the machine can call themselves anything.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOGNAME", "somebody-else")
        assert shell.slug("case", "approve", case.id, *decision) == "second_person_required"
    assert shell.json("organization", "show", case.organization_id)["status"] == "draft"


def decided_by(shell: Shell, people: int) -> None:
    """So many must approve an organization."""
    settings = (shell.data / FILE).read_text()
    (shell.data / FILE).write_text(f"{settings}\n[approvals]\ndeciders_application = {people}\n")


def test_where_the_settings_want_one_the_operator_alone_approves(shell: Shell, case: VettingCase) -> None:
    decided_by(shell, 1)
    approved = shell.json("case", "approve", case.id, "--reason", "seen", "--revision", case.revision)
    assert (approved["state"], approved["organization_status"]) == ("approved", "approved")
    assert "Nothing waits" in shell.run("case", "queue").stdout


def test_settings_that_decide_nothing_are_refused(shell: Shell) -> None:
    decided_by(shell, 0)
    assert "approvals.deciders_application" in shell.refused("case", "queue")


def test_it_is_rejected_or_sent_back_with_a_reason(shell: Shell, case: VettingCase) -> None:
    assert shell.slug("case", "reject", case.id, "--reason", "late", "--revision", case.revision + 1) == "case_changed"
    back = shell.json("case", "send-back", case.id, "--reason", "the street is another", "--revision", case.revision)
    assert (back["state"], back["history"][-1]["text"]) == ("draft", "the street is another")
    assert shell.slug("case", "reject", case.id, "--reason", "late", "--revision", back["revision"]) == "case_state"
    assert shell.slug("case", "show", "0" * 24) == "case_not_found"


def test_an_organization_that_has_applied_is_not_approved_past_its_case(shell: Shell, case: VettingCase) -> None:
    assert case.id in shell.refused("organization", "approve", case.organization_id)
