"""Nodes behind nginx as the deployment chapter configures it, which asks no node whether it is ready and sends no POST twice."""

import dataclasses
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench.postgres import Postgres

from tests.docs.test_deployment import NGINX, block
from tests.e2e import load
from tests.live import LiveServer, free_port, wait_until_ready
from tests.nodes import Nodes, cluster

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
NGINX_LOOKS_AGAIN = 6
"""Seconds: more than `fail_timeout`, which the chapter tells to wait."""


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory, postgresql: Postgres) -> Iterator[Nodes]:
    with cluster(tmp_path_factory.mktemp("nodes"), postgresql, "a", "b") as found:
        yield found


@pytest.fixture
def at_nginx(nodes: Nodes, tmp_path: Path) -> Iterator[LiveServer]:
    """The authority at nginx's address. The chapter's block as it stands, but for its address, its TLS, and the list of nodes."""
    port = free_port()
    ports = [one.base_url.rpartition(":")[2] for one in nodes.live.values()]
    told = block("nginx", "ssl_certificate").splitlines()
    lines = [line for line in told if not line.strip().startswith("ssl_")]
    (node,) = [line for line in lines if "127.0.0.1:8600" in line]
    lines[lines.index(node)] = "\n".join(node.replace("8600", one) for one in ports)
    site = "\n".join(lines).replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
    kept = "".join(f"{what}_temp_path {tmp_path}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}} http {{ access_log off; {kept}\n{site} }}"
    )
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-c", configuration], stderr=subprocess.DEVNULL)
    try:
        here = dataclasses.replace(nodes.at_balancer(), base_url=f"http://127.0.0.1:{port}")
        wait_until_ready(here.base_url, process, tmp_path / "errors")
        yield here
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(tmp_path, ignore_errors=True)


def test_nodes_are_restarted_in_turn_without_a_failed_request(nodes: Nodes, at_nginx: LiveServer) -> None:
    with load.of(at_nginx) as told:
        for name in nodes.live:
            nodes.restart(name)
            time.sleep(NGINX_LOOKS_AGAIN)
    assert told.failures == []
    assert min(told.answers.values()) > 10, told.answers
