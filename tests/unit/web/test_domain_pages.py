"""Domains and addresses in the browser: claimed, shown, given up; authorized, brought by the file, taken back."""

import re

import pytest
from starlette.testclient import TestClient

from directca.accounts.person import Role
from directca.db.engine import Database
from tests.console import Desk, a_desk
from tests.proving import Box, Zones
from tests.visiting import EVERY_SCRIPT, an_account, post, sent
from tests.website import token_of
from tests.world import DOMAIN

DOMAINS, ADDRESSES = "/console/domains", "/console/addresses"


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def rosa(desk: Desk) -> TestClient:
    """Who speaks for the organization."""
    desk.person("rosa", Role.REPRESENTATIVE)
    return desk.signed_in("rosa")


@pytest.fixture
def stranger(desk: Desk) -> TestClient:
    desk.person("sam", Role.REPRESENTATIVE, account_id=an_account(desk, "Hospital"))
    return desk.signed_in("sam")


def record_of(page: str) -> str:
    (found,) = re.findall(r"DirectCA-Verification=[0-9a-f]+", page)
    return str(found)


def test_a_domain_is_claimed_and_shown_by_its_record(desk: Desk, rosa: TestClient, stranger: TestClient) -> None:
    page = sent(rosa, DOMAINS, domain="Mail.Clinic.Example", method="dns_txt")
    shown = rosa.get(page).text
    assert 'data-copy="#record"' in shown
    status, _, text = post(rosa, page, step="check")
    assert (status, "Control of mail.clinic.example is not shown yet" in text) == (403, True)
    zones = desk.console.domains.lookup
    assert isinstance(zones, Zones)
    zones.texts["mail.clinic.example"] = (record_of(shown), EVERY_SCRIPT)
    status, _, text = post(rosa, page, step="check")
    assert (status, "Wait" in text) == (429, True)
    desk.world.clock.advance(seconds=11)
    assert sent(rosa, page, step="check") == page
    shown = rosa.get(page).text
    assert "Control shown" in shown
    assert EVERY_SCRIPT not in shown
    assert "mail.clinic.example" in rosa.get(DOMAINS).text
    for path in (page, f"{page}/withdraw"):
        assert stranger.get(path).status_code == 404
    assert "can be undone" in rosa.get(f"{page}/withdraw").text
    sent(rosa, f"{page}/withdraw")
    assert "withdrawn" in rosa.get(page).text


def test_a_domain_is_shown_by_a_code(desk: Desk, rosa: TestClient) -> None:
    page = sent(rosa, DOMAINS, domain="mail.clinic.example", method="role_address", mailbox="hostmaster")
    box = desk.console.domains.mailer
    assert isinstance(box, Box)
    assert "hostmaster@mail.clinic.example" in rosa.get(page).text
    assert box.code not in rosa.get(page).text
    status, _, text = post(rosa, page, step="confirm", code="0000")
    assert (status, 'id="code-error"' in text) == (400, True)
    sent(rosa, page, step="confirm", code=box.code)
    assert "verified" in rosa.get(page).text


@pytest.mark.parametrize(
    ("domain", "status"), [("co.uk", 403), ("github.io", 403), ("com", 400), ("", 400), ("a@b.example", 400), (EVERY_SCRIPT, 400)]
)
def test_what_is_no_domain_of_anybodys_is_refused_beside_its_field(rosa: TestClient, domain: str, status: int) -> None:
    answer, _, text = post(rosa, DOMAINS, domain=domain, method="dns_txt")
    assert (answer, 'id="domain-error"' in text, EVERY_SCRIPT in text) == (status, True, False)


def test_an_address_is_authorized_found_and_taken_back(desk: Desk, rosa: TestClient, stranger: TestClient) -> None:
    sent(rosa, ADDRESSES, address=f"Zoe@{DOMAIN}", until="2030-01-31")
    shown = rosa.get(f"{ADDRESSES}?begins=zo").text
    assert f"zoe@{DOMAIN}" in shown
    assert f"zoe@{DOMAIN}" not in rosa.get(f"{ADDRESSES}?begins=x").text
    assert f"zoe@{DOMAIN}" not in stranger.get(ADDRESSES).text
    (way,) = re.findall(r'href="(/console/addresses/withdraw[^"]*zoe[^"]*)"', shown)
    assert "Nothing more is issued for it." in rosa.get(way.replace("&amp;", "&")).text
    sent(rosa, way.replace("&amp;", "&").partition("?")[0] + "?address=x@y.example", address=f"zoe@{DOMAIN}", organization="")
    assert f"zoe@{DOMAIN}" not in rosa.get(ADDRESSES).text
    for field, value, at in (("address", "nobody", "address"), ("until", "soon", "until"), ("until", "1999-01-01", "until")):
        status, _, text = post(rosa, ADDRESSES, **{"address": f"zoe@{DOMAIN}", "until": "", field: value})
        assert (status, f'id="{at}-error"' in text) == (400, True), value
    assert post(desk.signed_in(), ADDRESSES, address=f"zoe@{DOMAIN}", until="")[0] == 403


def bring(browser: TestClient, octets: bytes) -> tuple[int, str, str]:
    token = token_of(browser.get(f"{ADDRESSES}/upload").text)
    files = {"file": ("addresses.csv", octets, "text/csv")}
    answer = browser.post(f"{ADDRESSES}/upload", data={"csrf_token": token, "organization": ""}, files=files)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_a_file_is_taken_whole_or_each_wrong_row_is_told(desk: Desk, rosa: TestClient, stranger: TestClient) -> None:
    rows = [f"u{number}@{DOMAIN}" for number in range(3000)]
    status, page, _ = bring(rosa, "\n".join(["address", *rows]).encode())
    assert status == 303
    shown = rosa.get(page)
    assert ("3,000 addresses are authorized anew" in shown.text, "refresh" in shown.headers) == (True, False)
    assert stranger.get(page).status_code == 404
    _, page, _ = bring(rosa, f"address\n{EVERY_SCRIPT}\n=1+1\nzoe@{DOMAIN}\n".encode())
    told = rosa.get(page).text
    assert ("2 of 3 rows cannot be taken" in told, EVERY_SCRIPT in told, "begins as a formula" in told) == (True, False, True)
    assert f"zoe@{DOMAIN}" not in rosa.get(f"{ADDRESSES}?begins=zoe").text
    listed = rosa.get(f"{ADDRESSES}?begins=u").text
    (more,) = re.findall(r'rel="next" href="([^"]*)"', listed)
    assert "u1@" not in rosa.get(more.replace("&amp;", "&")).text
    for octets in (b"", b"\xff\xfe\xff", b"a" * 786_433):
        status, _, text = bring(rosa, octets)
        assert (status, 'id="file-error"' in text) == (400, True)
    assert bring(rosa, b"a" * 900_000)[0] == 400
    assert bring(desk.signed_in(), f"address\nzoe@{DOMAIN}".encode())[0] == 403


def test_a_file_that_is_looked_at_shows_how_far_it_is(desk: Desk, rosa: TestClient) -> None:
    object.__setattr__(desk.console, "look_at_addresses", lambda _upload: None)
    _, page, _ = bring(rosa, f"address\nzoe@{DOMAIN}".encode())
    shown = rosa.get(page)
    assert shown.headers["refresh"] == "1"
    assert "<progress" in shown.text


def test_who_has_no_organization_is_told_how_to_begin(stranger: TestClient) -> None:
    for path in (DOMAINS, ADDRESSES):
        assert 'href="/console/organizations/new"' in stranger.get(path).text
