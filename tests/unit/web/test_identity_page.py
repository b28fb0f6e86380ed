"""A person's identity by a provider's word, in the browser: the declaration, the way there, and what comes back."""

import html
import re
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from directca.db.engine import Database
from directca.vetting import actors, case_page
from directca.vetting.model import ProofingMethod
from tests.asserting import Asserting
from tests.console import Desk, a_desk
from tests.people import OPERATOR
from tests.visiting import EVERY_SCRIPT, post, sent

ROSA = "Rosa Representative"
BACK = "/console/identity/test"


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database, asserts=ROSA)


@pytest.fixture
def maria(desk: Desk) -> TestClient:
    return desk.signed_in()


def begun(maria: TestClient, name: str = ROSA) -> tuple[str, str, str]:
    """A draft that names somebody, the page on which they begin, and the address that it leads to."""
    case = sent(maria, "/console/organizations/new", legal_name="Clinic of Springfield")
    sent(maria, f"{case}/people", name=name, title="Director", role="representative")
    (page,) = re.findall(r'href="(/console/organizations/people/[0-9a-f]+/identity)"', maria.get(case).text)
    assert "I declare under penalty of perjury" in maria.get(page).text
    status, _, text = post(maria, page, provider="test", declared="yes")
    assert status == 200, text
    (address,) = re.findall(r'href="(https://id.example.org/[^"]*)"', text)
    assert "<strong>id.example.org</strong>" in text
    return case, page, html.unescape(address)


def back(desk: Desk, address: str, **changes: str) -> str:
    """Where the provider leads the browser back to."""
    provider = desk.console.providers.transport
    assert isinstance(provider, Asserting)
    answer = provider.answer(address)
    return f"{BACK}?{urlencode({'state': answer.state, 'code': answer.code, 'iss': answer.iss} | changes)}"


def test_who_the_provider_asserts_is_proofed_in_the_case(desk: Desk, maria: TestClient) -> None:
    case, _, address = begun(maria)
    led = maria.get(back(desk, address))
    assert (led.status_code, led.headers["location"]) == (303, case)
    assert "Test Identity (id.example.org)" in maria.get(case).text
    page = case_page.case_page(desk.console.registration, actors.operator(OPERATOR), case.rpartition("/")[2], officer=True)
    assert [one.proofing.method for one in page.people if one.proofing] == [ProofingMethod.EXTERNAL_ASSERTION]


def test_another_browser_of_the_same_person_is_not_the_one_it_was_begun_in(desk: Desk, maria: TestClient) -> None:
    _, _, address = begun(maria)
    led = desk.signed_in().get(back(desk, address))
    assert led.status_code == 409
    assert "No sign-in that was begun in this browser" in led.text
    assert desk.browser().get(back(desk, address)).status_code == 303, "whoever is not signed in signs in first"
    assert maria.get(back(desk, address)).status_code == 303


def test_what_does_not_come_to_anything_is_said_and_shown_as_text(desk: Desk, maria: TestClient) -> None:
    case, page, _ = begun(maria, name="Otto Other")
    status, _, text = post(maria, page, provider="test")
    assert status == 400
    assert 'id="declared-error"' in text
    for changes, said in (({"error": EVERY_SCRIPT, "code": ""}, "let nobody in"), ({}, "another name than Otto Other")):
        _, _, text = post(maria, page, provider="test", declared="yes")
        (address,) = re.findall(r'href="(https://id.example.org/[^"]*)"', text)
        led = maria.get(back(desk, html.unescape(address), **changes))
        assert (led.status_code, said in led.text, EVERY_SCRIPT in led.text) == (403, True, False)
    assert "not proofed" in maria.get(case).text
    assert maria.get(BACK).status_code == 409


def test_without_providers_nothing_is_offered(database: Database) -> None:
    desk = a_desk(database)
    maria = desk.signed_in()
    case = sent(maria, "/console/organizations/new", legal_name="Clinic of Springfield")
    sent(maria, f"{case}/people", name=ROSA, title="Director", role="representative")
    assert "identity provider" not in maria.get(case).text
