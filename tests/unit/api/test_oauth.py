"""The OAuth endpoints over HTTP: forms in, JSON out, with the headers that the RFCs ask for."""

from base64 import b64encode
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.testclient import TestClient

from directca.accounts.rate_config import RateConfig
from directca.accounts.rates import Rates
from directca.api import openapi
from directca.api.oauth import router
from directca.api.openapi import Document
from directca.api.queue import Queue
from directca.api.work import Work
from directca.api.work_metrics import WorkMetrics
from directca.db.engine import Database
from directca.oauth.protocol import FORM
from tests.unit.oauth.world import ISSUER, World, a_world
from tests.website import in_a_thread

ENDPOINTS = ("/oauth/token", "/oauth/revoke", "/oauth/introspect")


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


@pytest.fixture
def http(world: World) -> Iterator[TestClient]:
    rates = Rates(world.oauth.database, world.clock, RateConfig(), lambda _: None)
    made = router(world.oauth, lambda _: None, rates, Work(WorkMetrics(CollectorRegistry()), Queue(4, 10, lambda: None)))
    app = Starlette(routes=[*made.routes, openapi.route(Document("0", ISSUER, [made]), in_a_thread)])
    app.router.redirect_slashes = False
    with TestClient(app, base_url="http://attacker.example") as client:
        yield client


def fields(world: World, **changes: str) -> dict[str, str]:
    return {"client_id": world.app.client.client_id, "client_secret": world.app.secret or "", **changes}


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_whole_life_of_a_grant_over_http(world: World, http: TestClient, slash: str) -> None:
    code = world.code()
    bought = http.post("/oauth/token" + slash, data=fields(world, grant_type="authorization_code", code=code))
    assert bought.status_code == 200
    assert bought.headers["content-type"] == "application/json"
    assert (bought.headers["cache-control"], bought.headers["pragma"]) == ("no-store", "no-cache")
    assert bought.json()["expires_in"] == 3600
    held = bought.json()["refresh_token"]
    refreshed = http.post("/oauth/token" + slash, data=fields(world, grant_type="refresh_token", refresh_token=held)).json()
    described = http.post("/oauth/introspect" + slash, data=fields(world, token=refreshed["access_token"])).json()
    assert described["active"] is True
    ended = http.post("/oauth/revoke" + slash, data=fields(world, token=refreshed["refresh_token"]))
    assert (ended.status_code, ended.json()) == (200, {})
    again = http.post("/oauth/introspect" + slash, data=fields(world, token=refreshed["access_token"]))
    assert again.json() == {"active": False}


def test_basic_authentication_over_http(world: World, http: TestClient) -> None:
    pair = b64encode(f"{world.app.client.client_id}:{world.app.secret}".encode()).decode()
    sent = {"grant_type": "authorization_code", "code": world.code()}
    assert http.post("/oauth/token", data=sent, headers={"Authorization": f"Basic {pair}"}).status_code == 200


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_client_that_proves_nothing_gets_401_and_a_scheme(http: TestClient, path: str) -> None:
    answer = http.post(path, data={"grant_type": "refresh_token", "refresh_token": "x", "token": "x", "client_id": "nobody"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["error"] == "invalid_client"
    assert body["error_description"] == body["description"]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_another_content_type_is_an_invalid_request(http: TestClient, path: str, content_type: str) -> None:
    answer = http.post(path, content=b"token=x&grant_type=refresh_token", headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("body", [b"", b"a=" + b"x" * 70_000, b"a=%FF", b"\xff\xfe", b"&".join([b"a=1"] * 200)])
def test_a_body_that_is_no_reasonable_form_is_refused(http: TestClient, path: str, body: bytes) -> None:
    answer = http.post(path, content=body, headers={"Content-Type": FORM})
    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_request", "invalid_client"}


def test_credentials_and_codes_in_the_address_are_ignored(world: World, http: TestClient) -> None:
    sent = fields(world, grant_type="authorization_code", code=world.code())
    answer = http.post("/oauth/token", params=sent, headers={"Content-Type": FORM})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    secret = {"client_secret": sent.pop("client_secret")}
    assert http.post("/oauth/token", params=secret, data=sent).json()["error"] == "invalid_client"


def test_two_authorization_headers_are_refused(world: World, http: TestClient) -> None:
    header = [("Authorization", "Basic YTpi"), ("Authorization", "Basic YTpi"), ("Content-Type", FORM)]
    answer = http.post("/oauth/token", content=b"grant_type=refresh_token&refresh_token=x", headers=header)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_only_post_is_allowed(http: TestClient, path: str, method: str) -> None:
    answer = http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.engine("sqlite", why="the file is overwritten")
def test_a_busy_database_is_temporarily_unavailable(world: World, http: TestClient) -> None:
    sent = fields(world, grant_type="authorization_code", code=world.code())
    world.oauth.database.close()
    world.oauth.database.path.write_bytes(b"this is no database, and never was one" * 100)
    for name in ("-wal", "-shm"):
        world.oauth.database.path.with_name(world.oauth.database.path.name + name).unlink(missing_ok=True)
    answer = http.post("/oauth/token", data=sent)
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_metadata_names_the_configured_issuer_and_never_the_host_of_the_request(http: TestClient, slash: str) -> None:
    answer = http.get("/.well-known/oauth-authorization-server" + slash)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["issuer"] == ISSUER
    assert "attacker" not in answer.text
    assert http.head("/.well-known/oauth-authorization-server" + slash).status_code == 200


def test_openapi_describes_the_forms_the_answers_and_the_errors(http: TestClient) -> None:
    document = http.get("/openapi.json").json()
    assert set(document["paths"]) == {*ENDPOINTS, "/.well-known/oauth-authorization-server"}
    for path in ENDPOINTS:
        operation = document["paths"][path]["post"]
        schema = operation["requestBody"]["content"][FORM]["schema"]
        assert {"client_id", "client_secret"} < set(schema["properties"])
        assert set(operation["responses"]) == {"200", "400", "401", "429", "503"}
        assert operation["security"] == [{"client_secret_basic": []}, {}]
    token_form = document["paths"]["/oauth/token"]["post"]["requestBody"]["content"][FORM]["schema"]
    assert token_form["properties"]["grant_type"]["enum"] == ["authorization_code", "refresh_token"]
    assert document["components"]["securitySchemes"]["client_secret_basic"]["scheme"] == "basic"


def test_the_models_of_openapi_are_what_is_answered(world: World, http: TestClient) -> None:
    document = http.get("/openapi.json").json()["components"]["schemas"]
    bought = http.post("/oauth/token", data=fields(world, grant_type="authorization_code", code=world.code())).json()
    assert set(document["TokenAnswer"]["properties"]) == set(bought)
    described = http.post("/oauth/introspect", data=fields(world, token=bought["access_token"])).json()
    assert set(document["Introspection"]["properties"]) == set(described)
    refused = http.post("/oauth/token", data={"grant_type": "x"}).json()
    assert set(document["OAuthErrorAnswer"]["properties"]) == set(refused)
    metadata = http.get("/.well-known/oauth-authorization-server").json()
    assert set(document["ServerMetadata"]["properties"]) == set(metadata)
