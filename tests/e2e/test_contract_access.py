"""The contract's section 1 where it meets the certificate functions: tokens, scopes, and what a refusal says about them."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from tests.e2e.api_tools import ISSUE, QUERY, Clinic, a_clinic, a_name, issued, record_of, refusal_of, requests_for
from tests.live import ApiClient, LiveServer

pytestmark = pytest.mark.every_engine

NOBODY = "nobody@direct.nowhere.example"
CALLS = [
    ("POST", ISSUE),
    ("GET", QUERY),
    ("GET", f"/api/certificate/{NOBODY}"),
    ("PATCH", f"/api/certificate/{NOBODY}"),
    ("POST", f"/api/certificate/renew/{NOBODY}"),
    ("POST", f"/api/certificate/revoke/{NOBODY}/unspecified"),
]


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    with live.client(clinic.access) as client:
        yield client


@dataclass(frozen=True)
class Bare:
    """Calls without any token but what the test says."""

    base_url: str

    def __call__(self, method: str, path: str, *authorization: str, **request: str) -> httpx2.Response:
        headers = [("Authorization", one) for one in authorization]
        return httpx2.request(method, self.base_url + path, headers=headers, timeout=30, **request)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def bare(live: LiveServer) -> Bare:
    return Bare(live.base_url)


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_function_wants_a_token(bare: Bare, method: str, path: str) -> None:
    answer = bare(method, path)
    refusal_of(answer, 401, "invalid_token")
    # RFC 6750 3.1: who shows no credentials is told the scheme and no error code.
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="directca"'


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_every_function_refuses_an_unknown_token(bare: Bare, method: str, path: str) -> None:
    answer = bare(method, path, f"Bearer {secrets.token_hex(32)}")
    refusal_of(answer, 401, "invalid_token")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "authorization",
    [
        *("Bearer", "bearer x", "Bearer x y", "Bearer x, Bearer y", "Basic YTpi", "Token {token}", "{token}"),
        *("Bearer {token}x", "Bearer x{token}", "Bearer {token} x", "Bearer,{token}", "Bearer\t{token}", "Bearer " + "x" * 9000),
        *('Bearer "{token}"', "Bearer token={token}", "Bearer {upper}", "Bearer ' OR 1=1 --", "Bearer %00"),
    ],
)
def test_nothing_but_the_token_itself_opens(bare: Bare, api: ApiClient, authorization: str) -> None:
    token = api.access_token
    answer = bare("GET", QUERY, authorization.replace("{token}", token).replace("{upper}", token.swapcase()))
    refusal_of(answer, 401, "invalid_token")
    assert token not in answer.text + answer.headers["WWW-Authenticate"]


def test_the_scheme_in_any_case(bare: Bare, api: ApiClient) -> None:
    assert bare("GET", QUERY, f"bEARER {api.access_token}").status_code == 200


def test_a_token_in_two_headers_opens_nothing(bare: Bare, api: ApiClient) -> None:
    good = f"Bearer {api.access_token}"
    for pair in ((good, good), (good, "Bearer x"), ("Bearer x", good)):
        refusal_of(bare("GET", QUERY, *pair), 401, "invalid_token")


@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "bearer_token"])
def test_a_token_in_the_address_opens_nothing(bare: Bare, api: ApiClient, name: str) -> None:
    refusal_of(bare("GET", f"{QUERY}?{name}={api.access_token}"), 401, "invalid_token")
    refusal_of(api("GET", f"{QUERY}?{name}=x"), 400, "unknown_parameter")


def test_a_token_in_a_form_or_a_cookie_opens_nothing(live: LiveServer, api: ApiClient) -> None:
    form = httpx2.post(live.base_url + ISSUE, data={"access_token": api.access_token}, timeout=30)
    refusal_of(form, 401, "invalid_token")
    refusal_of(httpx2.get(live.base_url + QUERY, headers={"Cookie": f"access_token={api.access_token}"}), 401, "invalid_token")


def test_other_tokens_of_the_same_grant_open_nothing(live: LiveServer, bare: Bare, clinic: Clinic) -> None:
    tokens = live.tokens(clinic.access)
    code = live.authorize(clinic.access)["code"]
    for other in (tokens.refresh_token, code, clinic.access.client_secret, clinic.access.client_id, clinic.access.password):
        refusal_of(bare("GET", QUERY, f"Bearer {other}"), 401, "invalid_token")


def test_a_revoked_token_opens_nothing(live: LiveServer, bare: Bare, clinic: Clinic) -> None:
    token = live.tokens(clinic.access).access_token
    assert bare("GET", QUERY, f"Bearer {token}").status_code == 200
    form = {"token": token, "client_id": clinic.access.client_id, "client_secret": clinic.access.client_secret}
    assert httpx2.post(f"{live.base_url}/oauth/revoke", data=form, timeout=30).status_code == 200
    refusal_of(bare("GET", QUERY, f"Bearer {token}"), 401, "invalid_token")


def calls_on(name: str) -> dict[str, list[tuple[str, str]]]:
    """The functions that each scope covers, on an existing name."""
    return {
        "certificate.read": [("GET", QUERY), ("GET", f"/api/certificate/{name}")],
        "certificate.issue": [("POST", ISSUE), ("PATCH", f"/api/certificate/{name}"), ("POST", f"/api/certificate/renew/{name}")],
        "certificate.revoke": [("POST", f"/api/certificate/revoke/{name}/removeFromCRL")],
    }


@pytest.mark.parametrize("scope", ["certificate.read", "certificate.issue", "certificate.revoke", "account.read"])
def test_a_narrow_scope_opens_its_functions_and_no_other(live: LiveServer, api: ApiClient, clinic: Clinic, scope: str) -> None:
    record = issued(api, a_name(clinic.domain))
    name = record["identifier"]
    body = requests_for(name)
    with live.client(clinic.access, scope=scope) as narrow:
        for needed, calls in calls_on(name).items():
            for method, path in calls:
                # Each of these, were it not for the scope, would be done or be refused for its content.
                answer = narrow(method, path, **({"json": body} if method != "GET" else {}))
                if needed == scope:
                    assert answer.status_code in (200, 400), answer.text
                    assert answer.json().get("error") in (None, "identifier_in_use", "not_held", "key_in_use", "duration_fixed")
                    continue
                refusal_of(answer, 403, "insufficient_scope")
                challenge = answer.headers["WWW-Authenticate"]
                assert 'error="insufficient_scope"' in challenge
                assert f'scope="{needed}"' in challenge
    if scope != "certificate.issue":
        assert record_of(api("GET", f"/api/certificate/{name}")) == record


def test_two_narrow_scopes_open_both(live: LiveServer, clinic: Clinic) -> None:
    with live.client(clinic.access, scope="certificate.read certificate.revoke") as both:
        assert both("GET", QUERY).status_code == 200
        refusal_of(both("POST", f"/api/certificate/revoke/{a_name(clinic.domain)}/unspecified"), 404, "certificate_not_found")
        refusal_of(both("POST", ISSUE, json={}), 403, "insufficient_scope")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", ISSUE, {"POST"}),
        ("GET", "/api/certificate/renew/a@direct.b.example", {"POST"}),
        ("GET", "/api/certificate/revoke/a@direct.b.example/unspecified", {"POST"}),
        ("DELETE", "/api/certificate/a@direct.b.example", {"GET", "PATCH"}),
        ("PUT", "/api/certificate/a@direct.b.example", {"GET", "PATCH"}),
        ("POST", "/api/certificate/a@direct.b.example", {"GET", "PATCH"}),
        ("OPTIONS", QUERY, {"GET", "PATCH"}),
        ("TRACE", QUERY, {"GET", "PATCH"}),
    ],
)
def test_another_method_names_those_that_are_taken(api: ApiClient, method: str, path: str, allowed: set[str]) -> None:
    answer = api(method, path)
    refusal_of(answer, 405, "method_not_allowed")
    assert {one.strip() for one in answer.headers["Allow"].split(",")} == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api/certificates",
        "/api/certificate/a/b",
        "/api/certificate/a/b/c/d",
        "/api//certificate/query",
        "/API/certificate",
    ],
)
def test_what_is_no_function_is_not_found(api: ApiClient, path: str) -> None:
    assert api("GET", path).status_code == 404


def test_the_openapi_document_lists_everything(live: LiveServer) -> None:
    document = httpx2.get(f"{live.base_url}/openapi.json", timeout=30).json()
    assert document["openapi"].startswith("3.1")
    paths = document["paths"]
    assert {(method, path.rstrip("/")) for path, item in paths.items() for method in item} >= {
        ("post", "/api/certificate"),
        ("get", "/api/certificate/query"),
        ("get", "/api/certificate/{commonName}"),
        ("patch", "/api/certificate/{commonName}"),
        ("post", "/api/certificate/renew/{commonName}"),
        ("post", "/api/certificate/revoke/{commonName}/{reason}"),
        ("post", "/api/certificate/report-compromise"),
        ("post", "/api/revocation"),
        ("get", "/api/revocation/{id}"),
        ("post", "/oauth/token"),
        ("post", "/oauth/revoke"),
        ("post", "/oauth/introspect"),
    }
    anonymous = paths["/api/certificate/report-compromise"]["post"]
    assert anonymous["security"] == []
    functions = [one for path, item in paths.items() if path.startswith("/api/certificate") for one in item.values()]
    functions.remove(anonymous)
    for function in functions:
        assert {"200", "400", "401", "403", "404", "429", "500", "503"} <= set(function["responses"])
        assert not {"201", "202", "409", "422"} & set(function["responses"])
        assert {"oauth2": ["tuser.account"]} in function["security"]
    for path, method in (("/api/revocation", "post"), ("/api/revocation/{id}", "get")):
        assert paths[path][method]["security"] == [{"oauth2": ["authority.revoke"]}]
    asked = {one["name"] for one in paths["/api/certificate/query"]["get"]["parameters"]}
    assert asked == {
        "commonNameIs", "commonNameLike", "signingSerialIs", "encryptionSerialIs", "statusIs", "expiresBefore", "expiresAfter",
        "organizationIs", "limit", "offset", "cursor",
    }  # fmt: skip
    body = paths["/api/certificate/"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) >= {
        "signingCertificatePkcs10Data",
        "encryptionCertificatePkcs10Data",
        "durationYear",
        "subject",
    }
    assert body["additionalProperties"] is False
    assert document["servers"] == [{"url": live.base_url}]
