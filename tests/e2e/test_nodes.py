"""Two nodes of one authority: each answers for what the other did, with the same responder, as if they were one."""

import signal
from collections.abc import Iterator

import httpx2
import pytest
from bench.postgres import Postgres
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, load_der_ocsp_response

from tests.e2e import load
from tests.e2e.api_tools import a_name, issued, record_of, refusal_of, requests_for, spare_keys
from tests.e2e.serving import command, eventually
from tests.live import ApiClient, free_port
from tests.nodes import Nodes, cluster, copy_node
from tests.status_requests import status_request


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, postgresql: Postgres) -> Iterator[Nodes]:
    """Two nodes; the second came with nothing but what the operator carried there."""
    with cluster(tmp_path_factory.mktemp("nodes"), postgresql, "a", "b") as found:
        yield found


def asked(nodes: Nodes, name: str, serial: str) -> OCSPResponse:
    issuer = x509.load_pem_x509_certificates(nodes.at_balancer().first.chain_pem.encode())[0]
    question = status_request(issuer.public_bytes(Encoding.DER), int(serial, 16))
    answer = httpx2.post(
        f"{nodes.live[name].base_url}/ocsp", content=question, headers={"Content-Type": "application/ocsp-request"}, timeout=10
    )
    assert answer.status_code == 200
    return load_der_ocsp_response(answer.content)


def test_what_one_node_did_the_other_tells_of(nodes: Nodes) -> None:
    a, b = (nodes.live[name].base_url for name in ("a", "b"))
    with nodes.at_balancer().client() as api:
        token = api.access_token
    with ApiClient(a, token) as at_a, ApiClient(b, token) as at_b:
        record = issued(at_a, a_name(nodes.at_balancer().first.direct_domain))
        assert record_of(at_b("GET", f"/api/certificate/{record['identifier']}")) == record
        serial = record["signing_cert_serial"]
        good = [asked(nodes, name, serial) for name in ("a", "b")]
        assert [one.certificate_status for one in good] == [OCSPCertStatus.GOOD] * 2
        assert good[0].certificates == good[1].certificates  # the new node answers with the responder that there was
        record_of(at_a("POST", f"/api/certificate/revoke/{record['identifier']}/keyCompromise"))
        eventually(lambda: asked(nodes, "b", serial).certificate_status is OCSPCertStatus.REVOKED, seconds=2)
        listed = x509.load_der_x509_crl(httpx2.get(f"{b}/crl/issuing.crl").content)
        assert listed.get_revoked_certificate_by_serial_number(int(serial, 16)) is not None


def test_the_kill_switch_of_one_is_the_switch_of_all(nodes: Nodes) -> None:
    with nodes.at_balancer().client() as api:
        token = api.access_token
    body = requests_for(a_name(nodes.at_balancer().first.direct_domain), spare_keys())
    with ApiClient(nodes.live["a"].base_url, token) as at_a:
        stopped = command(nodes.live["b"].data_dir, "stop-signing", "--reason", "drill")
        assert stopped.returncode == 0, stopped.stderr
        try:
            refusal_of(at_a("POST", "/api/certificate/", json=body), 503, "signing_stopped")
        finally:
            command(nodes.live["a"].data_dir, "resume-signing", "--reason", "drill")
        record_of(at_a("POST", "/api/certificate/", json=body))


def test_the_operator_sees_the_nodes(nodes: Nodes) -> None:
    shown = command(nodes.live["b"].data_dir, "node", "list")
    assert shown.stdout.count("live") == 2, shown.stdout + shown.stderr
    assert "agree" not in shown.stdout.splitlines()[-1]


def test_nodes_are_restarted_in_turn_without_a_failed_request(nodes: Nodes) -> None:
    """Under load of every kind, through a balancer that asks each node every tenth of a second whether it is ready."""
    with load.of(nodes.at_balancer()) as told:
        for name in ("a", "b"):
            nodes.restart(name)
            nodes.wait_for_balancer()
    assert told.failures == []
    assert min(told.answers.values()) > 10, told.answers


def test_a_node_that_is_asked_to_end_says_so_and_answers_still(nodes: Nodes) -> None:
    node = nodes.live["b"]
    with httpx2.Client(base_url=node.base_url, timeout=10) as client:
        assert "connection" not in client.get("/crl/issuing.crl").headers
        node.process.send_signal(signal.SIGTERM)
        eventually(lambda: client.get("/health/ready").status_code == 503)
        ready = client.get("/health/ready")
        assert ready.json()["checks"] == {"database": "ok", "crl": "ok", "ocsp": "ok", "signer": "ok", "server": "draining"}
        for path in ("/crl/issuing.crl", "/health/live", "/docs/oauth"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
    assert node.process.wait(30) == 0
    nodes.add("b")
    nodes.wait_for_balancer()


def test_whoever_asks_twice_does_not_wait(nodes: Nodes) -> None:
    node = nodes.live["b"]
    node.process.send_signal(signal.SIGTERM)
    eventually(lambda: httpx2.get(f"{node.base_url}/health/ready").status_code == 503)
    node.process.send_signal(signal.SIGTERM)
    assert node.process.wait(30) == 0
    nodes.add("b")


def test_a_node_that_lacks_something_is_told_what(nodes: Nodes) -> None:
    """And does no harm: neither new passwords for a sandbox that runs, nor certificates of a key that is not the authority's."""
    data = nodes.folder / "c"
    copy_node(nodes.live["a"].data_dir, data)
    (data / "sandbox.json").unlink()
    refused = command(data, "serve", "--port", str(free_port()), "--json")
    assert "node_incomplete" in refused.stderr + refused.stdout
    assert "sandbox.json" in refused.stderr + refused.stdout
    (data / "keys" / "issuing.pem").unlink()
    refused = command(data, "serve", "--port", str(free_port()), "--json")
    assert "key_unusable" in refused.stderr + refused.stdout
    assert command(data, "node", "list").stdout.count("live") == 2
