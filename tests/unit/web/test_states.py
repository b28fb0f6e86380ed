"""The state of a thing is shown by a word and a shape, from one table that knows every state there is."""

import re
from collections.abc import Mapping
from enum import StrEnum

import pytest

from directca.accounts.joining_model import InvitationState
from directca.accounts.person import PersonStatus
from directca.accounts.top_up_model import TopUpState
from directca.certificates.model import Status
from directca.issuance.model import OrderState
from directca.notices.webhook_model import DeliveryState, WebhookState
from directca.oauth.model import ClientStatus
from directca.revocation.bulk_model import JobState
from directca.vetting.address_model import UploadState
from directca.vetting.case_model import CaseState, PersonState
from directca.vetting.domain_model import DomainStanding
from directca.vetting.model import OrganizationStatus
from directca.vetting.proposal_model import ProposalState
from directca.vetting.report import Standing
from directca.web.pages import TEMPLATES
from directca.web.states import STATES

EACH: Mapping[str, tuple[type[StrEnum] | None, set[str]]] = {
    "address": (None, {"active", "over"}),
    "application": (ClientStatus, set()),
    "case": (CaseState, set()),
    "delivery": (DeliveryState, set()),
    "domain": (DomainStanding, set()),
    "file": (UploadState, set()),
    "invitation": (InvitationState, {"over"}),
    "order": (OrderState, {"refunded"}),
    "organization": (OrganizationStatus, set()),
    "organization's person": (PersonState, set()),
    "pair": (Status, set()),
    "payment": (TopUpState, set()),
    "person": (PersonStatus, set()),
    "precondition": (Standing, set()),
    "proposal": (ProposalState, set()),
    "revocation": (JobState, set()),
    "waiting issue": (None, {"open", "confirmed", "refused", "expired"}),
    "webhook": (WebhookState, set()),
}
"""Which states there are, and which are no state of the thing itself but told of it."""

STYLE = (TEMPLATES.parent / "static" / "directca.css").read_text("utf-8")


def test_every_state_of_every_thing_has_its_word() -> None:
    assert {of: set(states) for of, states in STATES.items()} == {
        of: {*(one.value for one in states or ()), *more} for of, (states, more) in EACH.items()
    }


@pytest.mark.parametrize("of", STATES)
def test_words_are_for_people_and_shapes_are_drawn(of: str) -> None:
    for tone, word in STATES[of].values():
        assert re.fullmatch(r"[a-z]+( [a-z]+)*", word)
        assert f".pill.{tone}" in STYLE, tone
    assert len({word for _, word in STATES[of].values()}) == len(STATES[of])


def test_no_page_shows_a_state_in_any_other_way() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text("utf-8")
        assert set(re.findall(r'parts\.state\("([^"]+)"', text)) <= set(STATES), path
        raw = [drawn for drawn in re.findall(r"parts\.pill\([^{}]*", text) if re.search(r"\.value|\.state\b|\.status\b", drawn)]
        assert not raw, path
