"""Bodies that are wrong: a clear refusal, and nothing changed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.api_tools import (
    ENCRYPTION,
    ISSUE,
    SIGNING,
    Clinic,
    a_clinic,
    a_name,
    issued,
    nothing_changes,
    record_of,
    refusal_of,
    requests_for,
    spare_keys,
)
from tests.live import ApiClient, LiveServer
from tests.material import csr

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    """A client; whatever the tests of this file sent, nothing may have changed at the end."""
    with live.client(clinic.access) as client, nothing_changes(live, client, clinic.account):
        yield client


@pytest.fixture(scope="module")
def good(clinic: Clinic) -> dict[str, Any]:
    """A request that would be granted: only what a test makes of it is wrong."""
    return requests_for(f"json@{clinic.domain}", spare_keys())


def rehearse(api: ApiClient, body: bytes, **headers: str) -> Any:
    return api("POST", ISSUE, content=body, headers=JSON | headers, params={"dryRun": "true"})


def test_the_good_request_is_good(api: ApiClient, good: dict[str, Any]) -> None:
    assert record_of(rehearse(api, json.dumps(good).encode()))["lint"] == "passed"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"}", b"[", b'{"durationYear": 1', b'{"durationYear": 1,}', b"{'durationYear': 1}", b"durationYear=1"),
        *(b"null", b"1", b"true", b'"text"', b"[]", b"[{}]", b"{}{}", b"{} trailing", b"<xml/>", b"\x1f\x8b\x08\x00", b"\0"),
        *(b'{"durationYear": NaN}', b'{"durationYear": Infinity}', b'{"durationYear": -Infinity}', b'{"durationYear": 01}'),
        *(b'{"durationYear": 1, "durationYear": 1}', b'{"a": {"b": 1, "b": 2}}', b'{"\\u0000": 1, "\\u0000": 1}'),
        *(b'{"a": "\xff"}', b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", '{"a": 1}'.encode("utf-16"), '{"a": 1}'.encode("utf-32")),
        *(b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc0\xaf"}', b'{"a": "\n"}', b'{"a": "\\x41"}', b'{"a": 1 /* why */}'),
        *(b"[" * 20_000, b'{"a":' * 10_000, b"[" * 20_000 + b"]" * 20_000, b'{"a":' * 17 + b"1" + b"}" * 17),
        *(b'{"a": ' + b"9" * 5_000 + b"}", b'{"a": -' + b"9" * 60_000 + b"}"),
    ],
)
def test_what_is_no_json_object(api: ApiClient, body: bytes) -> None:
    refusal_of(rehearse(api, body), 400, "bad_json")


def test_truncated_anywhere(api: ApiClient, good: dict[str, Any]) -> None:
    whole = json.dumps(good).encode()
    for length in range(1, len(whole), 97):
        refusal_of(rehearse(api, whole[:length]), 400, "bad_json")


@pytest.mark.parametrize("size", [65_537, 70_000, 500_000, 5_000_000])
def test_a_body_that_is_too_large(api: ApiClient, good: dict[str, Any], size: int) -> None:
    whole = json.dumps(good).encode()
    refusal_of(rehearse(api, whole + b" " * (size - len(whole))), 400, "body_too_large")


def test_the_largest_body_is_read(api: ApiClient, good: dict[str, Any]) -> None:
    whole = json.dumps(good).encode()
    assert record_of(rehearse(api, whole + b" " * (65_536 - len(whole))))["lint"] == "passed"


def test_a_chunked_body_that_is_too_large(api: ApiClient) -> None:
    chunks: Any = (b" " * 8_192 for _ in range(9))
    answer = api("POST", ISSUE, content=chunks, headers=JSON)
    refusal_of(answer, 400, "body_too_large")


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/xml",
            "",
        ),
        *(
            "application/jsonp",
            "application/json, text/plain",
            "application/json; charset=latin-1",
            "application/json;charset=utf-16",
        ),
        *("application/json; charset=utf-8; x=y", "application", "*/*", "application/vnd.api+json"),
    ],
)
def test_another_content_type(api: ApiClient, good: dict[str, Any], kind: str) -> None:
    refusal_of(rehearse(api, json.dumps(good).encode(), **{"Content-Type": kind}), 400, "bad_content_type")


@pytest.mark.parametrize(
    "kind",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"', "application/json;charset=utf-8"],
)
def test_spellings_of_the_content_type(api: ApiClient, good: dict[str, Any], kind: str) -> None:
    assert rehearse(api, json.dumps(good).encode(), **{"Content-Type": kind}).status_code == 200


def wrong(name: str, *values: Any) -> list[tuple[dict[str, Any], str, str]]:
    """Values that are of the wrong kind for a parameter."""
    return [({name: value}, "bad_parameter", name) for value in values]


@pytest.mark.parametrize(
    ("more", "slug", "field"),
    [
        *[({key: "x"}, "unknown_parameter", key) for key in ("commonName", "durationyear", "__proto__", "dryRun", "id", "é")],
        *[({key: "x"}, "unknown_parameter", key[:60] or None) for key in ("a" * 999, "", "\0", "a\r\nb")],
        *[({"subject": {key: "x"}}, "unknown_parameter", f"subject.{key}") for key in ("emailAddress", "CommonName")],
        *wrong("subject", "CN=x", 1, [], True),
        *[({"subject": {"commonName": value}}, "bad_parameter", "subject.commonName") for value in (1, 1.5, True)],
        *wrong(SIGNING, 1, True, [], {}, ["x"]),
        *wrong(ENCRYPTION, 0, False, {"a": 1}),
        *wrong("organizationType", "patient", "", 1, "Hospital", []),
        *wrong("revokeImmediately", "true", 1, 0, []),
        *wrong("durationYear", 1.5, 1.0, "x", True, False, "", " 1", "+1", "-1", "1.5", "1e0", "١", "0001", [1], {"years": 1}),
        *[({"durationYear": value}, "bad_duration", "durationYear") for value in (0, 4, -1, 10**18)],
        *[({"durationYear": value}, "bad_duration", "durationYear") for value in ("0", "4", "100", "00")],
    ],
)  # fmt: skip
def test_a_parameter_that_is_wrong(
    api: ApiClient, good: dict[str, Any], more: dict[str, Any], slug: str, field: str | None
) -> None:
    refusal_of(rehearse(api, json.dumps(good | more).encode()), 400, slug, field)


@pytest.mark.parametrize("missing", [SIGNING, ENCRYPTION, "durationYear"])
@pytest.mark.parametrize("how", ["left out", "null"])
def test_a_parameter_that_is_missing(api: ApiClient, good: dict[str, Any], missing: str, how: str) -> None:
    body = {name: value for name, value in good.items() if name != missing} | ({missing: None} if how == "null" else {})
    refusal_of(rehearse(api, json.dumps(body).encode()), 400, "missing_parameter", missing)


def test_renew_wants_a_duration(api: ApiClient, clinic: Clinic) -> None:
    path = f"/api/certificate/renew/{a_name(clinic.domain)}"
    refusal_of(api("POST", path, json={}), 400, "missing_parameter", "durationYear")
    refusal_of(api("POST", path, content=b""), 400, "bad_content_type")
    refusal_of(api("POST", path, json={"durationYear": 4}), 400, "bad_duration", "durationYear")


@pytest.mark.parametrize("value", ["True", "1", "yes", "", "true ", "TRUE", "null"])
def test_a_dry_run_is_asked_for_in_two_words(api: ApiClient, good: dict[str, Any], value: str) -> None:
    # Whoever misspells it must not buy.
    refusal_of(api("POST", ISSUE, json=good, params={"dryRun": value}), 400, "bad_parameter", "dryRun")


@pytest.mark.parametrize(
    "query", ["dryrun=true", "DryRun=true", "dry_run=true", "dryRun=true&dryRun=false", "dryRun=true&x=1", "x"]
)
def test_another_spelling_buys_nothing(api: ApiClient, good: dict[str, Any], query: str) -> None:
    answer = api("POST", f"{ISSUE}?{query}", json=good)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("unknown_parameter", "bad_parameter")


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é".encode().decode("latin-1"), "a\tb"])
def test_an_idempotency_key_that_is_none(api: ApiClient, good: dict[str, Any], key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    refusal_of(api("POST", ISSUE, json=good, headers=headers), 400, "bad_idempotency_key", "Idempotency-Key")


@pytest.mark.parametrize(
    "subject",
    [
        {"commonName": "other@direct.example.org"}, {"commonName": ""}, {"commonName": "*"},
        {"organization": "Somebody Else"}, {"organization": ""}, {"organization": "' OR ''='"},
        {"organizationUnit": "Radiology"}, {"organizationUnit": ""},
    ],
)  # fmt: skip
def test_a_subject_that_does_not_agree(api: ApiClient, good: dict[str, Any], subject: dict[str, str]) -> None:
    (field,) = subject
    refusal_of(rehearse(api, json.dumps(good | {"subject": subject}).encode()), 400, "subject_mismatch", f"subject.{field}")


@pytest.mark.parametrize("said", ["\\u0000", "a\\u0000b", "\\u202e", "\\ud83d\\ude00"])
def test_a_subject_of_strange_characters(api: ApiClient, good: dict[str, Any], said: str) -> None:
    for field in ("commonName", "organization", "organizationUnit"):
        body = json.dumps(good)[:-1] + f', "subject": {{"{field}": "{said}"}}}}'
        refusal_of(rehearse(api, body.encode()), 400, "subject_mismatch", f"subject.{field}")


@pytest.mark.parametrize("said", ["\\ud800", "\\uDFFF", "\\udc00\\ud800", "a\\ud83d"])
def test_half_a_character(api: ApiClient, good: dict[str, Any], said: str) -> None:
    for body in (
        json.dumps(good)[:-1] + f', "subject": {{"organization": "{said}"}}}}',
        json.dumps(good)[:-1] + f', "{said}": 1}}',
        json.dumps(good | {SIGNING: "X"}).replace('"X"', f'"{said}"'),
    ):
        refusal_of(rehearse(api, body.encode()), 400, "bad_json")


def test_a_type_that_was_not_attested(api: ApiClient, good: dict[str, Any]) -> None:
    body = json.dumps(good | {"organizationType": "CoveredEntity"}).encode()
    refusal_of(rehearse(api, body), 403, "organization_type_not_vetted", "organizationType")


def test_after_all_this_a_reissue_keeps_its_rules(live: LiveServer) -> None:
    clinic = a_clinic(live)
    with live.client(clinic.access) as api:
        record = issued(api, a_name(clinic.domain), durationYear=1)
        path, other = f"/api/certificate/{record['identifier']}", a_name(clinic.domain)
        with nothing_changes(live, api, clinic.account):
            refusal_of(api("PATCH", path, json={"durationYear": 2}), 400, "duration_fixed", "durationYear")
            refusal_of(api("PATCH", path, json={SIGNING: csr(other, spare_keys()[0])}), 400, "subject_mismatch", "commonName")
            refusal_of(api("PATCH", path, json=requests_for(other, spare_keys())), 400, "subject_mismatch", "commonName")
            refusal_of(api("PATCH", path, content=b"[]", headers=JSON), 400, "bad_json")
            refusal_of(api("PATCH", path, content=b"{}", headers={"Content-Type": "text/plain"}), 400, "bad_content_type")
            refusal_of(api("PATCH", path, json={"x": 1}), 400, "unknown_parameter", "x")
        assert record_of(api("GET", path)) == record
