"""What relying parties fetch: the newest list or none, asked about as caches do, and whatever they send with it."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from directca.db.engine import Database
from directca.pki.reasons import RevocationReason
from directca.responders.status_files import StatusFiles, routes
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests.world import START, World, a_world

LIST = "/crl/issuing.crl"


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


@pytest.fixture
def http(world: World) -> Iterator[TestClient]:
    files = StatusFiles(world.revocation, {"issuing": (b"certificate", b"chain")})
    with TestClient(Starlette(routes=routes(files))) as client:
        yield client


def test_the_published_list_is_served_as_it_is(world: World, http: TestClient) -> None:
    upkeep.produce_due_crls(world.revocation, holder="test")
    answer = http.get(LIST)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pkix-crl")
    assert answer.content == crl.published(world.revocation, ListId("issuing")).der
    assert answer.headers["last-modified"] == format_datetime(START, usegmt=True)
    assert answer.headers["expires"] == format_datetime(START + timedelta(hours=72), usegmt=True)
    assert http.head(LIST).headers["etag"] == answer.headers["etag"]


def test_no_cache_keeps_it_longer_than_a_minute_nor_past_its_end(world: World, http: TestClient) -> None:
    upkeep.produce_due_crls(world.revocation, holder="test")
    assert http.get(LIST).headers["cache-control"] == "public, max-age=60, must-revalidate"
    world.clock.advance(hours=72, seconds=-7)
    assert http.get(LIST).headers["cache-control"] == "public, max-age=7, must-revalidate"


def test_nothing_stale_is_served_also_not_to_who_has_it_already(world: World, http: TestClient) -> None:
    assert http.get(LIST).status_code == 503
    upkeep.produce_due_crls(world.revocation, holder="test")
    known = {"If-None-Match": http.get(LIST).headers["etag"]}
    assert http.get(LIST, headers=known).status_code == 304
    world.clock.advance(hours=72)
    stale = http.get(LIST, headers=known)
    assert (stale.status_code, stale.headers["cache-control"]) == (503, "no-store")
    assert int(stale.headers["retry-after"]) > 0


def test_a_newer_list_is_never_told_to_be_the_old_one(world: World, http: TestClient) -> None:
    world.issue()
    upkeep.produce_due_crls(world.revocation, holder="test")
    old = http.get(LIST)
    world.revoke(RevocationReason.KEY_COMPROMISE)  # within the same second
    for known in ({"If-None-Match": old.headers["etag"]}, {"If-Modified-Since": old.headers["last-modified"]}):
        answer = http.get(LIST, headers=known)
        assert (answer.status_code, answer.content != old.content) == (200, True)


@pytest.mark.parametrize(
    ("since", "status"),
    [
        (format_datetime(START + timedelta(seconds=1), usegmt=True), 304),
        (format_datetime(START, usegmt=True), 200),
        ("Tue, 24 Nov 2026 12:00:01 -0000", 200),
        ("yesterday", 200),
        ("", 200),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 200),
        ("Mon, 01 Jan 2026 99999999999999999999:00:00 GMT", 200),
        ("Mon, 01 Jan 2026 00:00:00 +99999999", 200),
    ],
)
def test_a_date_is_believed_only_if_it_is_one(world: World, http: TestClient, since: str, status: int) -> None:
    upkeep.produce_due_crls(world.revocation, holder="test")
    assert http.get(LIST, headers={"If-Modified-Since": since}).status_code == status


def test_issuers_are_served_and_nothing_else(http: TestClient) -> None:
    certificate, chain = http.get("/aia/issuing.cer"), http.get("/aia/issuing.p7c")
    assert (certificate.content, certificate.headers["content-type"]) == (b"certificate", "application/pkix-cert")
    assert (chain.content, chain.headers["content-type"]) == (b"chain", "application/pkcs7-mime; smime-type=certs-only")
    for path in ("/crl/nobody.crl", "/aia/nobody.cer", "/aia/nobody.p7c", "/crl/issuing", "/crl/.crl"):
        assert http.get(path).status_code == 404
