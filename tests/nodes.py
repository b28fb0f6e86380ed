"""Several nodes of one authority on one PostgreSQL, behind a balancer that knows no more than any other does.

with cluster(tmp_path, postgresql, "a", "b") as nodes:
    nodes.first                 # as tests/live.py tells it, at the balancer's address
    nodes.restart("a")
"""

import contextlib
import select
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from bench.postgres import Postgres

from tests.e2e.serving import kill_group, start
from tests.live import UNASKED, LiveServer, free_port, stop, wait_until_ready

_LOOK_SECONDS = 0.1


class Balancer:
    """Gives each connection to a node that said it was ready when it was last asked, in turn. It looks into none of them."""

    def __init__(self, port: int) -> None:
        self._ready: tuple[int, ...] = ()
        self._nodes: tuple[int, ...] = ()
        self._next = 0
        self._listening = socket.create_server(("127.0.0.1", port), backlog=256)
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._accept, self._look)]
        for one in self._threads:
            one.start()

    def use(self, *ports: int) -> None:
        """The nodes there are."""
        self._nodes = ports

    def close(self) -> None:
        """End it; connections end with it."""
        self._ending.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._threads:
            one.join()

    def _look(self) -> None:
        with httpx2.Client(timeout=2) as client:
            while not self._ending.wait(_LOOK_SECONDS):
                self._ready = tuple(port for port in self._nodes if _is_ready(client, port))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(connection,), daemon=True).start()

    def _carry(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            ready = self._ready or self._nodes
            self._next += 1
            with socket.create_connection(("127.0.0.1", ready[self._next % len(ready)])) as node:
                _pipe(connection, node, self._ending)


def _is_ready(client: httpx2.Client, port: int) -> bool:
    with contextlib.suppress(httpx2.TransportError):
        answer = client.get(f"http://127.0.0.1:{port}/health/ready", headers={"Connection": "close"})
        return answer.status_code == 200
    return False


def _pipe(client: socket.socket, node: socket.socket, ending: threading.Event) -> None:
    """Carry octets to and fro until both have said all; one that has ended is told to the other."""
    other = {client: node, node: client}
    while other and not ending.is_set():
        for one in select.select(list(other), [], [], 1.0)[0]:
            octets = one.recv(65_536)
            if octets:
                other[one].sendall(octets)
            else:
                other.pop(one).shutdown(socket.SHUT_WR)


@dataclass
class Nodes:
    """The nodes that run, by name, and the balancer before them."""

    folder: Path
    balancer: Balancer
    base_url: str
    live: dict[str, LiveServer] = field(default_factory=dict)

    def add(self, name: str, *words: str) -> LiveServer:
        """A further node: it is given what an operator gives it, and nothing that a node made for itself."""
        data = self.folder / name
        if self.live and not data.exists():
            copy_node(next(iter(self.live.values())).data_dir, data)
        port = free_port() if name not in self.live else int(self.live[name].base_url.rpartition(":")[2])
        self.live[name] = started = start(data, port, *words)
        wait_until_ready(started.base_url, started.process, started.log)
        self._tell_balancer()
        return started

    def restart(self, name: str, *words: str) -> LiveServer:
        """End a node in order, and start it again on its port."""
        stop(self.live[name].process)
        assert self.live[name].process.returncode == 0, self.live[name].log.read_text()[-4000:]
        return self.add(name, *words)

    def at_balancer(self) -> LiveServer:
        """The authority as its users see it."""
        one = next(iter(self.live.values()))
        return LiveServer(self.base_url, one.data_dir, one.log, one.process)

    def wait_for_balancer(self) -> None:
        """Until it has found every node ready."""
        deadline = time.monotonic() + 30
        while len(self.balancer._ready) < len(self.live):
            assert time.monotonic() < deadline, "not every node is ready"
            time.sleep(0.05)

    def _tell_balancer(self) -> None:
        self.balancer.use(*(int(one.base_url.rpartition(":")[2]) for one in self.live.values()))


def copy_node(source: Path, target: Path) -> None:
    """What the operator carries to a new node, as docs/operator/nodes.md says."""
    target.mkdir(mode=0o700)
    for name in ("directca.toml", "policy.toml", "sandbox.json"):
        shutil.copy2(source / name, target / name)
    for folder in ("keys", "secrets"):
        shutil.copytree(source / folder, target / folder)
    (target / "keys" / "root.pem").unlink()  # one node with the root's key is enough


@contextlib.contextmanager
def cluster(folder: Path, postgresql: Postgres, *names: str, settings: str = "") -> Iterator[Nodes]:
    """Nodes that are ready, of a new sandbox; all are ended afterwards."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    first = folder / names[0]
    first.mkdir(mode=0o700, parents=True)
    (first / "directca.toml").write_text(
        f'[server]\npublic_url = "{base_url}"\nrelying_party_url = "{base_url}"\nworkers = 1\n{settings}\n'
        f'[storage]\ndatabase = "{postgresql.new_database()}"\n\n{UNASKED}'
    )
    nodes = Nodes(folder, Balancer(port), base_url)
    try:
        for name in names:
            nodes.add(name)
        nodes.wait_for_balancer()
        yield nodes
    finally:
        for one in nodes.live.values():
            one.process.terminate()
        for one in nodes.live.values():
            stop(one.process)
            kill_group(one)
        nodes.balancer.close()
