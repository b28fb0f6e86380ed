"""Days and numbers as they come in addresses and forms: whatever is written there, no page breaks."""

import re

import pytest
from starlette.testclient import TestClient

from directca.accounts.person import Role
from directca.db.engine import Database
from directca.web import written
from directca.web.console.routes import PAGES
from tests.console import Desk, a_desk
from tests.unit.web.test_organization_pages import a_draft
from tests.visiting import post, staff

ARABIC = "٢٠٢٦-١١-٢٤"
FULL_WIDTH = "２０２６-１１-２４"
DAYS = [
    *("9999-12-31", "0001-01-01", "0000-00-00", ARABIC, FULL_WIDTH),
    *("2026-1-1", "20261124", "2026-11-24T00:00", "2026-13-01"),
]
NUMBERS = ["٣", "²", "9" * 18, "9" * 5000, "-1", "1e3", "0x1", "", "1_0", " 1", "\0"]
NAMES = {
    *(
        "since",
        "until",
        "form",
        "before",
        "after",
        "after_id",
        "offset",
        "cursor",
        "from",
        "to",
        "kind",
        "state",
        "status",
        "name",
    ),
    *("begins", "organization", "serial", "username", "next"),
}


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.mark.parametrize("text", DAYS)
def test_what_is_no_day_of_our_time_is_none(text: str) -> None:
    assert written.day(text) is None


def test_a_day_is_its_midnight() -> None:
    found = written.day(" 2028-02-29 ")
    assert found is not None
    assert found.isoformat() == "2028-02-29T00:00:00+00:00"


@pytest.mark.parametrize(
    ("text", "cents"), [("250", 25_000), (" $250.00 ", 25_000), ("$1,250.00", 125_000), ("1,000,000", 100_000_000), ("0", 0)]
)
def test_an_amount_is_in_cents(text: str, cents: int) -> None:
    assert written.cents(text) == cents


@pytest.mark.parametrize(
    "text", ["250,00", "1,2,3", ",250", "12,50.00", "1250,000", "1.250,00", "250.0", "-1", "", "$", "٢٥٠", "9" * 11]
)
def test_what_might_be_another_amount_is_none(text: str) -> None:
    assert written.cents(text) is None


@pytest.mark.parametrize("text", NUMBERS[:2] + NUMBERS[3:])
def test_what_is_no_number_is_none(text: str) -> None:
    assert written.number(text) is None


def test_a_number_is_read() -> None:
    assert [written.number(text) for text in ("0", "007", "9" * 18)] == [0, 7, 10**18 - 1]


@pytest.mark.parametrize("role", [Role.OFFICER, Role.AUDITOR])
def test_no_page_breaks_whatever_its_address_says(desk: Desk, role: Role) -> None:
    browser = staff(desk, "olga", role)
    paths = [re.sub(r"\{[a-z_]+\}", "1", path) for path, _, _ in PAGES]
    assert len(paths) > 50
    for path in paths:
        for value in ("9999-12-31", "0001-01-01", ARABIC, "9" * 17 + "-1", "older-" + "9" * 18, "\0"):
            answer = browser.get(path, params=dict.fromkeys(NAMES, value) | {"form": "csv"})
            assert answer.status_code < 500, (path, value)
        for some in (sorted(NAMES)[:10], sorted(NAMES)[10:]):  # an address has its bounds
            assert browser.get(path, params=dict.fromkeys(some, "9" * 5000)).status_code < 500, (path, some)


@pytest.mark.parametrize("day", [*DAYS[:5], "1969-12-31", "9000-01-01"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_statement_of_days_that_are_none_says_so(desk: Desk, name: str, day: str) -> None:
    maria = desk.signed_in()
    for form in ("", "csv"):
        answer = maria.get("/console/billing/statement", params={name: day, "form": form})
        assert (answer.status_code, "Write a day" in answer.text) == (400, True)


@pytest.mark.parametrize("revision", NUMBERS)
def test_a_revision_that_is_no_number_is_one_that_nobody_saw(desk: Desk, revision: str) -> None:
    maria: TestClient = desk.signed_in()
    page = a_draft(desk, maria)
    assert post(maria, f"{page}/facts", revision=revision, legal_name="Clinic")[0] in (400, 409)
