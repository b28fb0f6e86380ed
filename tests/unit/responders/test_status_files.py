"""What relying parties fetch: the newest list or none, asked about as caches do, in parts, and whatever they send with it."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from directca.certificates.model import AuthorityEntry
from directca.db.change_mark import DataVersion
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from directca.pki import cms
from directca.pki.reasons import RevocationReason
from directca.responders.kept_lists import MOST_AGE, KeptLists
from directca.responders.status_files import StatusEdge, StatusFiles
from directca.responders.status_metrics import StatusMetrics
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests.world import START, World, a_world

LIST = "/crl/issuing.crl"
PART = "/crl/issuing/4-1.crl"


class Seconds:
    """A monotonic clock that runs a second at each look, so that each request asks what is newest."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 1.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def http(world: World, seconds: Seconds, registry: CollectorRegistry) -> Iterator[TestClient]:
    files = StatusFiles(world.revocation, {"issuing": (b"certificate", b"chain")})
    edge = StatusEdge(files, StatusMetrics(registry), KeptLists(world.revocation, monotonic=seconds))
    with TestClient(edge.before(Starlette())) as client:
        yield client


@pytest.fixture
def published(world: World) -> bytes:
    """The bytes of the list that is published."""
    upkeep.produce_due_crls(world.revocation)
    return crl.published(world.revocation, ListId("issuing")).der


def test_the_published_list_is_served_as_it_is(published: bytes, http: TestClient) -> None:
    answer = http.get(LIST)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pkix-crl")
    assert answer.content == published
    assert answer.headers["content-length"] == str(len(published))
    assert answer.headers["last-modified"] == format_datetime(START, usegmt=True)
    assert (answer.headers["accept-ranges"], answer.headers["x-content-type-options"]) == ("bytes", "nosniff")
    head = http.head(LIST)
    assert (head.status_code, head.content, dict(head.headers)) == (200, b"", dict(answer.headers))


def test_a_list_of_a_partition_is_at_its_own_address(world: World, http: TestClient) -> None:
    with world.database.write() as tx:
        crl.listing.begin(tx, "issuing", ["4-1"], START)
    assert http.get(PART).status_code == 404
    upkeep.produce_due_crls(world.revocation)
    of = ListId("issuing", "4-1")
    assert http.get(PART).content == crl.published(world.revocation, of).der != http.get(LIST).content
    assert http.get("/crl/issuing/4-2.crl").status_code == http.get("/crl/root/4-1.crl").status_code == 404


def test_no_cache_keeps_it_longer_than_a_change_may_take_nor_past_its_end(
    world: World, published: bytes, http: TestClient
) -> None:
    policy = "public, max-age={}, must-revalidate, no-transform"
    answer = http.get(LIST)
    assert MOST_AGE <= 30
    assert answer.headers["cache-control"] == policy.format(MOST_AGE)
    assert answer.headers["expires"] == format_datetime(START + timedelta(seconds=MOST_AGE), usegmt=True)
    world.clock.advance(hours=72, seconds=-7)
    answer = http.get(LIST)
    assert answer.headers["cache-control"] == policy.format(7)
    assert answer.headers["expires"] == format_datetime(START + timedelta(hours=72), usegmt=True)


def test_nothing_stale_is_served_also_not_to_who_has_it_already(world: World, http: TestClient) -> None:
    assert http.get(LIST).status_code == 503
    upkeep.produce_due_crls(world.revocation)
    known = {"If-None-Match": http.get(LIST).headers["etag"]}
    assert http.get(LIST, headers=known).status_code == 304
    world.clock.advance(hours=72, seconds=-1)
    assert http.get(LIST, headers=known).status_code == 304
    world.clock.advance(seconds=1)
    for headers in (known, {}, {"Range": "bytes=0-1"}):
        stale = http.get(LIST, headers=headers)
        assert (stale.status_code, stale.headers["cache-control"]) == (503, "no-store")
        assert int(stale.headers["retry-after"]) > 0


def test_a_copy_that_is_kept_is_not_served_past_its_end_either(
    world: World, published: bytes, http: TestClient, seconds: Seconds
) -> None:
    seconds.step = 0.0  # nothing is asked anew
    assert http.get(LIST).status_code == 200
    world.clock.advance(hours=72)
    assert http.get(LIST).status_code == 503


def test_each_refusal_is_counted_and_told_once_a_minute_for_each_list(
    world: World, published: bytes, http: TestClient, registry: CollectorRegistry
) -> None:
    world.clock.advance(hours=72)
    with capture_logs() as logs:
        for path in (LIST, LIST, "/crl/root.crl", LIST, "/crl/root.crl"):
            assert http.get(path).status_code == 503
    said = [(one["list"], one["log_level"], one["error"]) for one in logs]
    assert said == [("issuing", "error", "crl_stale"), ("root", "error", "crl_stale")]
    assert registry.get_sample_value("directca_crl_refused_total", {"list": "issuing"}) == 3
    assert registry.get_sample_value("directca_status_files_total", {"status": "503"}) == 5
    assert registry.get_sample_value("directca_status_file_seconds_count", {"file": "crl"}) == 5
    assert registry.get_sample_value("directca_status_file_seconds_count", {"file": "aia"}) == 0
    http.get("/aia/issuing.cer")
    assert registry.get_sample_value("directca_status_file_seconds_count", {"file": "aia"}) == 1
    assert 0 < (registry.get_sample_value("directca_status_file_seconds_sum", {"file": "aia"}) or 0) < 60


def test_without_the_database_nothing_is_served_and_made_up_names_are_not_counted(
    world: World, published: bytes, http: TestClient, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert http.get(LIST).status_code == 200

    def gone() -> None:
        raise DatabaseUnusable("The database cannot be read.")

    monkeypatch.setattr(world.database, "read", gone)
    monkeypatch.setattr(DataVersion, "read", lambda _: None)
    for path in (LIST, "/crl/issuing/77-1.crl", "/crl/issuing/78-1.crl"):
        answer = http.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    lists = {one.labels["list"] for metric in registry.collect() for one in metric.samples if "list" in one.labels}
    assert lists == {"issuing"}


def test_a_newer_list_is_never_told_to_be_the_old_one(world: World, http: TestClient) -> None:
    world.issue()
    upkeep.produce_due_crls(world.revocation)
    old = http.get(LIST)
    world.revoke(RevocationReason.KEY_COMPROMISE)  # within the same second
    for known in (
        {"If-None-Match": old.headers["etag"]},
        {"If-Modified-Since": old.headers["last-modified"]},
        {"Range": "bytes=10-19", "If-Range": old.headers["etag"]},
        {"Range": "bytes=10-19", "If-Range": old.headers["last-modified"]},
    ):
        answer = http.get(LIST, headers=known)
        assert (answer.status_code, answer.content != old.content) == (200, True)
    for known in ({"If-Match": old.headers["etag"]}, {"If-Unmodified-Since": old.headers["last-modified"]}):
        assert http.get(LIST, headers=known).status_code == 412


def test_one_who_has_a_list_by_its_date_is_told_so(published: bytes, http: TestClient) -> None:
    answer = http.get(LIST, headers={"If-Modified-Since": http.get(LIST).headers["last-modified"]})
    assert (answer.status_code, answer.content) == (304, b"")
    assert {"etag", "cache-control", "expires"} <= set(answer.headers)
    assert not {"content-length", "content-type"} & set(answer.headers)


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-7", 206, slice(-7, None)),
        ("bytes=0-99999999", 206, slice(0, None)),
        ("bytes=0-1,5-9", 200, slice(None)),
        ("bytes=9-0", 200, slice(None)),
        ("lines=0-9", 200, slice(None)),
    ],
)
def test_a_part_is_served_as_a_part(published: bytes, http: TestClient, wanted: str, status: int, part: slice) -> None:
    answer = http.get(LIST, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (status, published[part])
    assert answer.headers["content-length"] == str(len(published[part]))
    if status == 206:
        begin = part.indices(len(published))[0]
        assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(answer.content) - 1}/{len(published)}"
        assert {"etag", "cache-control", "expires", "last-modified"} <= set(answer.headers)


def test_a_part_behind_the_end_is_refused_with_the_size_and_no_part_is_made_for_head(published: bytes, http: TestClient) -> None:
    for wanted in (f"bytes={len(published)}-", "bytes=-0", f"bytes={'9' * 5000}-"):
        answer = http.get(LIST, headers={"Range": wanted})
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(published)}")
    assert http.head(LIST, headers={"Range": "bytes=0-9"}).headers["content-length"] == str(len(published))


def test_parts_of_one_list_make_the_list(published: bytes, http: TestClient) -> None:
    whole = b""
    etag = http.head(LIST).headers["etag"]
    while len(whole) < len(published):
        wanted = {"Range": f"bytes={len(whole)}-{len(whole) + 99}", "If-Range": etag}
        whole += http.get(LIST, headers=wanted).content
    assert whole == published


def test_other_methods_are_told_which_there_are(published: bytes, http: TestClient) -> None:
    for path in (LIST, "/aia/issuing.cer"):
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW"):
            answer = http.request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert http.post("/crl/nobody.crl").status_code == 404


def test_issuers_are_served_and_nothing_else(http: TestClient) -> None:
    certificate, chain = http.get("/aia/issuing.cer"), http.get("/aia/issuing.p7c")
    assert (certificate.content, certificate.headers["content-type"]) == (b"certificate", "application/pkix-cert")
    assert (chain.content, chain.headers["content-type"]) == (b"chain", "application/pkcs7-mime; smime-type=certs-only")
    assert http.get("/aia/issuing.cer", headers={"If-None-Match": certificate.headers["etag"]}).status_code == 304
    for path in (
        "/crl/nobody.crl",
        "/aia/nobody.cer",
        "/aia/nobody.p7c",
        "/crl/issuing",
        "/crl/.crl",
        "/crl/",
        "/crl/issuing/.crl",
        "/crl/issuing/../issuing.crl/",
        "/crl/issuing/1-1.crl%0A",
        "/crl/issuing/" + "9" * 3000 + ".crl",
    ):
        answer = http.get(path)
        assert (answer.status_code, answer.headers.get("cache-control")) == (404, "no-store"), path
    assert http.get("/other").status_code == 404


def test_a_chain_is_the_certificate_and_all_above_it(world: World) -> None:
    entries = [
        AuthorityEntry(name, name, parent, "", der, "", START, START)
        for name, parent, der in (("root", None, b"0\x01r"), ("middle", "root", b"0\x01m"), ("issuing", "middle", b"0\x01i"))
    ]
    found = StatusFiles.of(world.revocation, entries).certificates
    assert found["root"] == (b"0\x01r", cms.certs_only([b"0\x01r"]))
    assert found["issuing"] == (b"0\x01i", cms.certs_only([b"0\x01r", b"0\x01m", b"0\x01i"]))
