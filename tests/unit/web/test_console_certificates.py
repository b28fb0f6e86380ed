"""The list of certificate pairs, the page of one, its files, its history: what is found, and that nothing of others is."""

import csv
import io
import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from starlette.requests import Request
from starlette.testclient import TestClient

from directca.accounts import accounts
from directca.accounts.rate_config import RateConfig
from directca.certificates import query_store
from directca.certificates.model import Record
from directca.clock import rfc3339
from directca.db.engine import Database
from directca.pki.reasons import RevocationReason
from directca.web.console import certificate_export, certificate_list
from directca.web.console.certificate_page import FILES
from tests.console import Desk, a_desk
from tests.people import OPERATOR
from tests.register import a_record
from tests.world import ALICE, DOMAIN, START

LIST = "/console/certificates"


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def stranger(desk: Desk) -> TestClient:
    """Somebody of another account."""
    with desk.console.database.write() as tx:
        other = accounts.open_account(tx, "Other", actor=OPERATOR, at=START, random=lambda size: b"o" * size)
    desk.person("otto", account_id=other.id)
    return desk.signed_in("otto")


def filled(desk: Desk, count: int, **changes: object) -> None:
    account = desk.world.account_id
    with desk.console.database.write() as tx:
        for number in range(count):
            a_record(tx, f"nr-{number:04}@{DOMAIN}", account_id=account, **changes)


def shown(page: str) -> list[str]:
    """The names of a page, in its order."""
    return re.findall(r'href="/console/certificates/[^"]+">([^<]+@[^<]+)</a>', page)


def names(browser: TestClient, **filters: str) -> list[str]:
    answer = browser.get(LIST, params=filters)
    assert answer.status_code == 200, filters
    return shown(answer.text)


def test_a_list_without_anything_says_how_to_begin(desk: Desk) -> None:
    page = desk.signed_in().get(LIST).text
    assert "No certificates yet." in page
    assert 'href="/console/certificates/new"' in page


def test_a_walk_sees_each_pair_once_and_the_count_is_true(desk: Desk) -> None:
    filled(desk, 120)
    browser, address, seen, lines = desk.signed_in(), LIST, [], []
    while address:
        page = browser.get(address).text
        seen += shown(page)
        lines.append(re.findall(r"<p>([\d,]+ to [\d,]+ of [\d,]+)</p>", page)[0])
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else ""
    assert lines == ["1 to 50 of 120", "51 to 100 of 120", "101 to 120 of 120"]
    assert seen == [f"nr-{number:04}@{DOMAIN}" for number in reversed(range(120))]
    back = re.search(r'rel="prev" href="([^"]+)"', page)
    assert back is not None
    assert shown(browser.get(back[1].replace("&amp;", "&")).text) == seen[50:100]


def test_filters_find_what_people_mean(desk: Desk) -> None:
    desk.world.issue()
    desk.world.issue(f"bob@{DOMAIN}", key=2)
    desk.world.revoke(RevocationReason.KEY_COMPROMISE, f"bob@{DOMAIN}")
    browser, bob = desk.signed_in(), f"bob@{DOMAIN}"
    pair = desk.world.history()[0].record
    for wanted, filters in (
        ([bob, ALICE], {"name": ""}),
        ([ALICE], {"name": "LIC"}),
        ([ALICE], {"name": ALICE}),
        ([ALICE], {"name": "alice@"}),
        ([bob, ALICE], {"name": f"@{DOMAIN}"}),
        ([bob], {"name": "b*@*"}),
        ([], {"name": "a_ice"}),
        ([], {"name": "100%"}),
        ([bob], {"state": "revoked"}),
        ([ALICE], {"state": "issued", "name": DOMAIN}),
        ([ALICE], {"serial": pair.signing_serial}),
        ([ALICE], {"serial": ":".join(re.findall("..", f"{pair.encryption_serial:0>32}")).upper()}),
        ([], {"serial": "abc"}),
        ([bob, ALICE], {"from": "2027-11-24", "to": "2027-11-24"}),
        ([], {"from": "2027-11-25"}),
        ([], {"to": "2027-11-23"}),
        ([bob, ALICE], {"organization": "Sandbox Clinic"}),
        ([], {"organization": "Another"}),
    ):
        assert names(browser, **filters) == wanted, filters


def test_a_filter_that_cannot_be_understood_is_said_beside_its_field(desk: Desk) -> None:
    browser = desk.signed_in()
    for name, value in (
        ("state", "good"),
        ("from", "tomorrow"),
        ("to", "0001-01-01x"),
        ("to", "9999-12-31"),
        ("serial", "12xy"),
        ("name", "*" * 9),
        ("name", "a\0b"),
        ("organization", "x" * 257),
    ):
        answer = browser.get(LIST, params={name: value})
        assert answer.status_code == 400, (name, value)
        assert f'<a href="#{name}">' in answer.text
        assert "<title>Error: " in answer.text
        assert f'id="{name}-error"' in answer.text or name == "organization"


def spread(desk: Desk) -> list[Record]:
    """Sixty pairs whose names, ends and places in the register are in three different orders."""
    with desk.console.database.write() as tx:
        return [
            a_record(
                tx,
                f"nr-{number * 7 % 60:02}@{DOMAIN}",
                account_id=desk.world.account_id,
                not_after=START + timedelta(days=(number * 11 % 60) // 2 - 5, hours=1),
            )
            for number in range(60)
        ]


@pytest.mark.parametrize(
    "filters", [{}, {"name": "nr-"}, {"name": f"@{DOMAIN}"}, {"state": "issued"}, {"organization": "Sandbox Clinic"}]
)
@pytest.mark.parametrize("sort", ["name", "-name", "expires", "-expires", "newest"])
@pytest.mark.parametrize("few", [0, 5000])
def test_a_walk_in_any_order_sees_each_pair_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, few: int, sort: str, filters: dict[str, str]
) -> None:
    monkeypatch.setattr(query_store, "_FEW_TO_SORT", few)
    made = [one for one in spread(desk) if filters.get("state") != "issued" or one.not_after >= START]
    keys = {"name": lambda one: (one.identifier,), "expires": lambda one: (one.not_after,), "newest": lambda one: ()}
    key = keys[sort.lstrip("-")]
    wanted = sorted(made, key=lambda one: (*key(one), one.position), reverse=sort[0] == "-" or sort == "newest")
    browser, seen = desk.signed_in(), []
    page = browser.get(LIST, params={"sort": sort, **filters}).text
    while True:
        seen += shown(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            break
        page = browser.get(older[1].replace("&amp;", "&")).text
    assert seen == [one.identifier for one in wanted]
    if len(seen) > 50:
        back = re.search(r'rel="prev" href="([^"]+)"', page)
        assert back is not None
        assert shown(browser.get(back[1].replace("&amp;", "&")).text) == seen[:50]


def test_the_head_of_a_column_sorts_and_says_how_it_is_sorted(desk: Desk) -> None:
    filled(desk, 3)
    browser = desk.signed_in()
    page = browser.get(LIST, params={"name": "nr", "cursor": "older-3", "offset": "1"}).text
    assert "aria-sort" not in page
    assert f'<a href="{LIST}?name=nr&amp;sort=name">Name' in page
    sorted_up = browser.get(LIST, params={"name": "nr", "sort": "name"}).text
    assert re.findall(r'<th scope="col"[^>]* aria-sort="(\w+)"><a href="([^"]+)">(\w+)', sorted_up) == [
        ("ascending", f"{LIST}?name=nr&amp;sort=-name", "Name")
    ]
    assert '<input type="hidden" name="sort" value="name">' in sorted_up
    assert 'aria-sort="descending"' in browser.get(LIST, params={"sort": "-expires"}).text


def test_expired_pairs_begin_with_what_expired_last(desk: Desk) -> None:
    made = [one for one in spread(desk) if one.not_after < START]
    wanted = sorted(made, key=lambda one: (one.not_after, one.position or 0), reverse=True)
    assert names(desk.signed_in(), state="expired") == [one.identifier for one in wanted]


def test_an_order_that_is_none_of_ours_is_the_usual_one(desk: Desk) -> None:
    filled(desk, 3)
    browser = desk.signed_in()
    for sort in ("serial", "", "name desc", "-", "'"):
        assert names(browser, sort=sort) == [f"nr-{number:04}@{DOMAIN}" for number in (2, 1, 0)]


def test_a_page_that_would_begin_at_a_pair_of_others_is_empty(desk: Desk) -> None:
    """Where it stands among one's own would tell its name."""
    filled(desk, 3)
    with desk.console.database.write() as tx:
        foreign = a_record(tx, "nr-0001@x.example", account_id="other")
    for direction in ("older", "newer"):
        assert names(desk.signed_in(), sort="name", cursor=f"{direction}-{foreign.position}", offset="1") == []


def exported(browser: TestClient, **filters: str) -> list[list[str]]:
    answer = browser.get(f"{LIST}/export", params=filters)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == f'attachment; filename="certificates-{START:%Y-%m-%d}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.endswith("\r\n")
    return list(csv.reader(io.StringIO(answer.text, newline="")))


def test_the_file_has_what_the_list_shows(desk: Desk, stranger: TestClient) -> None:
    desk.world.issue()
    desk.world.issue(f"bob@{DOMAIN}", key=2)
    desk.world.revoke(RevocationReason.KEY_COMPROMISE, f"bob@{DOMAIN}")
    bob, alice = (desk.world.history(name)[0].record for name in (f"bob@{DOMAIN}", ALICE))
    browser = desk.signed_in()
    head, *rows = exported(browser)
    assert head == list(certificate_export.COLUMNS)
    assert [row[0] for row in rows] == [bob.identifier, alice.identifier]
    one = dict(zip(head, rows[0], strict=True))
    assert (one["state"], one["revocation_reason"]) == ("revoked", "keyCompromise")
    assert one["signing_serial"].replace(":", "").lstrip("0") == bob.signing_serial
    assert one["organization"] == "Sandbox Clinic"
    assert one["not_after"] == rfc3339(bob.not_after)
    for filters, wanted in (
        ({"sort": "name"}, [alice, bob]),
        ({"state": "issued"}, [alice]),
        ({"serial": bob.encryption_serial}, [bob]),
        ({"serial": one["encryption_serial"]}, [bob]),
        ({"serial": "abc"}, []),
    ):
        assert [row[0] for row in exported(browser, **filters)[1:]] == [record.identifier for record in wanted]
    assert exported(stranger) == [head]
    assert f'href="{LIST}/export?state=revoked"' in browser.get(LIST, params={"state": "revoked"}).text


def test_a_file_of_filters_that_are_not_understood_leads_to_what_is_wrong(desk: Desk) -> None:
    answer = desk.signed_in().get(f"{LIST}/export", params={"state": "good"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{LIST}?state=good")


def test_nobody_gets_the_file_without_signing_in(desk: Desk) -> None:
    answer = desk.browser().get(f"{LIST}/export", follow_redirects=False)
    assert answer.status_code == 303
    assert "/sign-in" in answer.headers["location"]


def test_a_file_of_many_is_sent_in_pieces_and_complete(desk: Desk) -> None:
    filled(desk, 10_000)
    asked = certificate_list.read(Request({"type": "http", "query_string": b"sort=name", "headers": []}))
    runs = list(certificate_export._runs(desk.console, desk.world.account_id, asked, START))
    assert max(len(one) for one in runs) <= 500
    assert [row[0] for row in exported(desk.signed_in(), sort="name")[1:]] == [
        f"nr-{number:04}@{DOMAIN}" for number in range(10_000)
    ]


def test_what_a_spreadsheet_would_calculate_is_text(desk: Desk) -> None:
    filled(desk, 1, organization='=HYPERLINK("http://x.example";"Clinic"), Inc.')
    (row,) = exported(desk.signed_in())[1:]
    assert row[5] == '\'=HYPERLINK("http://x.example";"Clinic"), Inc.'


@pytest.mark.parametrize("serial", ["12345678901234567890123456789012", "1234567e12345678", "0abc"[1:], "1"])
def test_a_spreadsheet_neither_rounds_nor_shortens_a_serial_number(serial: str) -> None:
    written = certificate_export._serial(serial)
    assert re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2})*", written)
    assert certificate_list._serial(written) == serial


def test_files_are_counted_as_calls(database: Database) -> None:
    browser = a_desk(database, RateConfig(account_burst=2, account_per_minute=1)).signed_in()
    assert [browser.get(f"{LIST}/export").status_code for _ in range(3)] == [200, 200, 429]
    assert browser.get(LIST).status_code == 200


def test_what_is_no_cursor_of_ours_is_the_first_page(desk: Desk) -> None:
    filled(desk, 3)
    browser = desk.signed_in()
    for cursor in ("x", "older-", "older-999999999999999999999", "newer--1", "'"):
        assert len(names(browser, cursor=cursor, offset="7")) == 3


def test_the_page_of_a_pair_tells_what_happened_and_who_did_it(desk: Desk) -> None:
    desk.world.issue()
    desk.world.revoke(RevocationReason.CERTIFICATE_HOLD)
    record = desk.world.history()[0].record
    page = desk.signed_in().get(f"{LIST}/{record.id}").text
    told = re.findall(r"<li><p>([^<]+)</p>", page.partition("<h2>History</h2>")[2])
    assert told == ["Suspended.", "Issued: both certificates were signed.", "Ordered as a first pair; $35.00 were set aside."]
    assert f'{LIST}/{record.id}/release"' in page
    assert f'{LIST}/{record.id}/renew"' not in page


def test_every_file_is_what_its_name_says(desk: Desk) -> None:
    pair = desk.world.issue()
    browser = desk.signed_in()
    files = {name: browser.get(f"{LIST}/{pair.record.id}/{name}") for name in FILES}
    assert {one.status_code for one in files.values()} == {200}
    for name, answer in files.items():
        assert answer.headers["content-disposition"] == f'attachment; filename="{ALICE}-{name}"'
        assert answer.headers["cache-control"] == "no-store"
    signing, encryption = (x509.load_der_x509_certificate(one.der or b"") for one in (pair.signing, pair.encryption))
    chain = [x509.load_der_x509_certificate(one) for one in desk.console.chains["issuing"]]
    assert x509.load_pem_x509_certificates(files["chain.pem"].content) == chain
    for name, of in (("signing", [signing]), ("encryption", [encryption]), ("pair", [signing, encryption]), ("chain", [])):
        if of and name != "pair":
            assert x509.load_pem_x509_certificate(files[f"{name}.pem"].content) == of[0]
            assert files[f"{name}.cer"].content == of[0].public_bytes(Encoding.DER)
        assert {*pkcs7.load_der_pkcs7_certificates(files[f"{name}.p7c"].content)} == {*of, *chain}


def test_nobody_sees_anything_of_another_account(desk: Desk, stranger: TestClient) -> None:
    record = desk.world.issue().record
    missing = {stranger.get(f"{LIST}/{'0' * 32}").text.replace("0" * 32, "ID")}
    assert {stranger.get(f"{LIST}/{record.id}").text.replace(record.id, "ID")} == missing
    for name in (*FILES, "nothing"):
        assert stranger.get(f"{LIST}/{record.id}/{name}").status_code == 404
    assert names(stranger) == []
    for filters in ({"serial": record.signing_serial}, {"name": ALICE}, {"organization": record.organization}):
        assert names(stranger, **filters) == []
    assert ALICE not in stranger.get("/console").text


def test_a_file_that_is_none_is_not_found(desk: Desk) -> None:
    record = desk.world.issue().record
    browser = desk.signed_in()
    for name in ("signing.key", "pair.p12", "%2e%2e%2fchain.pem"):
        assert browser.get(f"{LIST}/{record.id}/{name}").status_code == 404, name


def test_the_overview_leads_to_what_expires(desk: Desk) -> None:
    record = desk.world.issue().record
    desk.world.clock.advance(days=340)
    browser = desk.signed_in()
    assert f'href="{LIST}/{record.id}"' in browser.get("/console").text
    assert urlsplit(str(browser.get(f"{LIST}/{record.id}").url)).path.endswith(record.id)


def test_text_of_others_is_text(desk: Desk) -> None:
    script = "<script>alert(1)</script>"
    filled(desk, 1, organization=script)
    browser = desk.signed_in()
    for filters in ({}, {"name": script}, {"organization": script}, {"serial": script}, {"from": script}):
        assert "<script>alert" not in browser.get(LIST, params=filters).text
