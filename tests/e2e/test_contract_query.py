"""The contract's section 3 over HTTP: each filter, exact counts, and pages that are followed through."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.e2e.api_tools import QUERY, Clinic, a_clinic, a_name, issued, record_of, refusal_of
from tests.live import ApiClient, LiveServer

pytestmark = pytest.mark.every_engine

PAIRS = 7


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    """An account whose records are all known."""
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    with live.client(clinic.access) as client:
        yield client


@pytest.fixture(scope="module")
def records(api: ApiClient, clinic: Clinic) -> list[dict[str, Any]]:
    """Everything there is, newest first. The third name has an underscore where the fourth has another letter."""
    names = [a_name(clinic.domain) for _ in range(PAIRS - 4)]
    names += [f"a_b@{clinic.domain}", f"axb@{clinic.domain}", f"a%b@{clinic.domain}", clinic.domain]
    return [issued(api, name, durationYear=1 + number % 2) for number, name in enumerate(names)][::-1]


def found(api: ApiClient, **parameters: str) -> list[str]:
    """The identifiers that a query answers, all on one page."""
    answer = api("GET", QUERY, params={"limit": "1000", **parameters})
    content = answer.json()
    assert answer.status_code == 200, answer.text
    assert content["query"]["totalCount"] == content["query"]["returnedCount"] == len(content["records"])
    return [row["identifier"] for row in content["records"]]


def named(records: list[dict[str, Any]]) -> list[str]:
    return [row["identifier"] for row in records]


def test_without_filters_all_records_newest_first(api: ApiClient, records: list[dict[str, Any]]) -> None:
    answer = api("GET", QUERY).json()
    assert answer["records"] == records
    query = answer["query"]
    assert set(query) == {"offset", "totalCount", "returnedCount", "uri", "previousPageUri", "nextPageUri"}
    assert (query["offset"], query["totalCount"], query["returnedCount"]) == (0, PAIRS, PAIRS)
    assert (query["previousPageUri"], query["nextPageUri"]) == (None, None)
    assert api("GET", query["uri"]).json() == answer


def test_a_row_is_the_record_that_retrieve_answers(api: ApiClient, records: list[dict[str, Any]]) -> None:
    row = api("GET", QUERY, params={"commonNameIs": records[0]["identifier"]}).json()["records"][0]
    assert row == record_of(api("GET", f"/api/certificate/{records[0]['identifier']}"))


@pytest.mark.parametrize("spelling", [str, str.upper, str.title])
def test_a_name_in_any_case(api: ApiClient, records: list[dict[str, Any]], spelling: Callable[[str], str]) -> None:
    name = records[-1]["identifier"]
    assert found(api, commonNameIs=spelling(name)) == [name]
    assert found(api, commonNameLike=spelling(name[:-3]) + "*") == [name]
    assert found(api, commonNameLike="*" + spelling(name[2:])) == [name]


def test_wildcards(api: ApiClient, clinic: Clinic, records: list[dict[str, Any]]) -> None:
    everything = named(records)
    assert found(api, commonNameLike="*") == everything
    assert found(api, commonNameLike="**") == everything
    assert found(api, commonNameLike=f"*{clinic.domain}") == everything
    assert found(api, commonNameLike=f"*@{clinic.domain}") == everything[1:]
    assert found(api, commonNameLike="a*b@*") == everything[1:4]
    assert found(api, commonNameLike="*CLINIC-*") == everything
    assert found(api, commonNameLike=clinic.domain) == [clinic.domain]
    assert found(api, commonNameLike="*.nowhere") == []


def test_percent_and_underscore_are_literal(api: ApiClient, clinic: Clinic, records: list[dict[str, Any]]) -> None:
    assert named(records)[1:4] == [f"a%b@{clinic.domain}", f"axb@{clinic.domain}", f"a_b@{clinic.domain}"]
    assert found(api, commonNameLike="a_b@*") == [f"a_b@{clinic.domain}"]
    assert found(api, commonNameLike="a%b@*") == [f"a%b@{clinic.domain}"]
    assert found(api, commonNameLike="%") == []
    assert found(api, commonNameLike="_*") == []
    assert found(api, commonNameLike="*\\*") == []
    assert found(api, commonNameIs="*") == []


@pytest.mark.parametrize("which", ["signing", "encryption"])
@pytest.mark.parametrize(
    "spelling",
    [
        str,
        str.upper,
        lambda serial: "0" + serial,
        lambda serial: "0000" + serial.upper(),
        lambda serial: ":".join(serial.zfill(len(serial) + len(serial) % 2)[at : at + 2] for at in range(0, len(serial), 2)),
    ],
    ids=["as printed", "upper case", "leading zero", "leading zeros", "colons"],
)
def test_serials_in_every_spelling(
    api: ApiClient, records: list[dict[str, Any]], which: str, spelling: Callable[[str], str]
) -> None:
    wanted = records[2]
    serial = spelling(wanted[f"{which}_cert_serial"])
    assert found(api, **{f"{which}SerialIs": serial}) == [wanted["identifier"]]
    other = "encryption" if which == "signing" else "signing"
    assert found(api, **{f"{other}SerialIs": serial}) == []


def test_filters_combine_with_and(api: ApiClient, records: list[dict[str, Any]]) -> None:
    one, two = records[2], records[3]
    assert found(api, commonNameIs=one["identifier"], signingSerialIs=one["signing_cert_serial"]) == [one["identifier"]]
    assert found(api, commonNameIs=one["identifier"], signingSerialIs=two["signing_cert_serial"]) == []
    assert found(api, commonNameIs=one["identifier"], commonNameLike="nobody*") == []


def test_extensions_of_the_query(api: ApiClient, clinic: Clinic, records: list[dict[str, Any]]) -> None:
    everything = named(records)
    assert found(api, statusIs="issued") == everything
    assert found(api, statusIs="revoked") == []
    assert found(api, organizationIs=clinic.legal_name.upper()) == everything
    assert found(api, organizationIs="Nobody") == []
    border = datetime.fromisoformat(records[0]["not_before_ts"]) + timedelta(days=500)
    short = [row["identifier"] for row in records if row["duration_year"] == 1]
    assert found(api, expiresBefore=border.isoformat()) == short
    assert found(api, expiresBefore=f"{border:%Y-%m-%d}") == short
    assert sorted(found(api, expiresAfter=border.isoformat().replace("+00:00", "Z")) + short) == sorted(everything)


@pytest.mark.parametrize("limit", [1, 2, 3, PAIRS])
def test_pages_are_followed_through_both_ways(api: ApiClient, records: list[dict[str, Any]], limit: int) -> None:
    page = api("GET", QUERY, params={"limit": str(limit), "commonNameLike": "*"}).json()
    seen, offsets, pages = list(page["records"]), [page["query"]["offset"]], [page]
    while page["query"]["nextPageUri"] is not None:
        page = api("GET", page["query"]["nextPageUri"]).json()
        assert page["query"]["totalCount"] == PAIRS
        assert page["query"]["returnedCount"] == len(page["records"]) > 0
        offsets.append(page["query"]["offset"])
        seen += page["records"]
        pages.append(page)
    assert seen == records
    assert offsets == list(range(0, PAIRS, limit))
    for before in reversed(pages[:-1]):
        page = api("GET", page["query"]["previousPageUri"]).json()
        assert page["records"] == before["records"]
        assert page["query"]["offset"] == before["query"]["offset"]
    assert page["query"]["previousPageUri"] is None


def test_page_addresses_are_the_configured_ones(live: LiveServer, api: ApiClient, records: list[dict[str, Any]]) -> None:
    # Never from the request's Host: what a proxy or a stranger says would end up in a client's next call.
    answer = api("GET", QUERY, params={"limit": "1"}, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    query = answer.json()["query"]
    assert query["uri"].startswith(f"{live.base_url}/api/certificate/query?")
    assert query["nextPageUri"].startswith(f"{live.base_url}/api/certificate/query?")
    assert "evil" not in answer.text


def test_a_page_address_keeps_every_filter(api: ApiClient, clinic: Clinic, records: list[dict[str, Any]]) -> None:
    asked = {"commonNameLike": "a*B@*", "organizationIs": clinic.legal_name, "statusIs": "issued", "expiresAfter": "2026-01-01"}
    page = api("GET", QUERY, params={**asked, "limit": "2"}).json()
    following = dict(httpx2.URL(page["query"]["nextPageUri"]).params)
    assert {name: following[name] for name in asked} == asked
    rest = api("GET", page["query"]["nextPageUri"]).json()
    assert named(page["records"] + rest["records"]) == named(records)[1:4]


def test_a_walk_neither_skips_nor_repeats_while_others_issue(live: LiveServer) -> None:
    clinic = a_clinic(live)
    with live.client(clinic.access) as api:
        there = [issued(api, a_name(clinic.domain))["id"] for _ in range(4)]
        page = api("GET", QUERY, params={"limit": "2"}).json()
        seen = [row["id"] for row in page["records"]]
        issued(api, a_name(clinic.domain))
        page = api("GET", page["query"]["nextPageUri"]).json()
        seen += [row["id"] for row in page["records"]]
        assert seen == there[::-1]
        assert page["query"]["totalCount"] == 5
        back = api("GET", page["query"]["previousPageUri"]).json()
        assert [row["id"] for row in back["records"]] == there[:1:-1]


def test_a_page_behind_the_last(api: ApiClient, records: list[dict[str, Any]]) -> None:
    page = api("GET", QUERY, params={"offset": "1000"}).json()
    assert (page["records"], page["query"]["returnedCount"], page["query"]["totalCount"]) == ([], 0, PAIRS)
    assert page["query"]["nextPageUri"] is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("limit", value) for value in ("0", "-1", "1001", "1.5", "ten", "", " 1", "1e2", "0x10", "１", "99999999999999999999")],
        *[("offset", value) for value in ("-1", "1000000001", "x", "", "1e9", "99999999999999999999999999")],
        *[("cursor", value) for value in ("x", "", "older-", "older--1", "older-1;drop", "older-1e9", "sideways-1")],
        ("cursor", "older-" + "9" * 40),
        *[("statusIs", value) for value in ("Issued", "intended", "superseded ", "")],
        *[("signingSerialIs", value) for value in ("xyz", "", "12 34", "0x12", "1" * 121, "-1", "１２")],
        *[("encryptionSerialIs", value) for value in ("'--", "g")],
        *[("expiresBefore", value) for value in ("tomorrow", "", "2026-13-01", "0000-00-00", "2026-02-30", "1e9")],
        ("expiresBefore", "9999-12-31T23:59:59-23:59"),
        *[("expiresAfter", value) for value in ("0001-01-01T00:00:00+23:59", "2026", "now()")],
        *[("commonNameIs", value) for value in ("", "x" * 257, "a\0b")],
        *[("commonNameLike", value) for value in ("", "*" * 257, "a\0*")],
        *[("organizationIs", value) for value in ("", "x" * 257, "\0")],
    ],
)  # fmt: skip
def test_values_that_mean_nothing(api: ApiClient, name: str, value: str) -> None:
    refusal_of(api("GET", QUERY, params={name: value}), 400, "bad_parameter", name)


def test_more_wildcards_than_are_searched(api: ApiClient) -> None:
    refusal_of(api("GET", QUERY, params={"commonNameLike": "a*" * 9}), 400, "bad_request", "commonNameLike")


@pytest.mark.parametrize("name", ["commonname", "CommonNameIs", "page", "account_id", "commonNameIs[]", "limit ", ""])
def test_an_unknown_parameter(api: ApiClient, name: str) -> None:
    refusal_of(api("GET", QUERY, params={name: "1"}), 400, "unknown_parameter")


def test_a_parameter_that_is_sent_twice(api: ApiClient) -> None:
    refusal_of(api("GET", f"{QUERY}?commonNameIs=a&commonNameIs=b"), 400, "bad_parameter", "commonNameIs")
