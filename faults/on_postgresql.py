"""Three nodes on a replicated PostgreSQL: each reaches each server through a gate of its own, clients reach all nodes."""

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.postgres import OLDEST, programs

from faults import evidence
from faults.evidence import Tables
from faults.gate import Gate
from faults.house import Fault, Heal, Hurt, first_node, node_faults
from faults.nodes import Node, copied
from faults.replicas import DATABASE, USER, DatabaseLost, Replicas, Server, replicas
from tests.live import free_port

NODES = 3
_UNSEEN_SECONDS = 3.0


@dataclass(frozen=True)
class PostgresHouse:
    """A House of three nodes; `ways` are each node's gates to both servers."""

    name: str
    folder: Path
    nodes: Sequence[Node]
    hands: Mapping[str, Sequence[Fault]]
    left_out: Sequence[str]
    databases: Replicas
    ways: Mapping[str, Sequence[Gate]]

    def tables(self) -> Tables:
        """The books, from the primary."""
        return evidence.of_postgresql(self.databases.primary.address)

    def heal(self) -> None:
        """Make everything good again."""
        for gate in (gate for gates in self.ways.values() for gate in gates):
            gate.open()
        self.databases.heal()
        for node in self.nodes:
            node.move_clock(0)
            node.wait_until_ready()


@contextlib.contextmanager
def postgres_house(folder: Path, *, workers: int = 1) -> Iterator[PostgresHouse]:
    """A sandbox of three nodes that are ready. Raises DatabaseLost where no PostgreSQL is installed."""
    binaries = programs()
    if binaries is None:
        raise DatabaseLost(f"No PostgreSQL {OLDEST} or newer is installed.")
    with replicas(binaries) as databases, contextlib.ExitStack() as stack:
        ports = [free_port() for _ in range(NODES)]
        public = stack.enter_context(Gate(*(("127.0.0.1", port) for port in ports)))
        ways = {
            f"node-{number}": [stack.enter_context(Gate(("127.0.0.1", one.port))) for one in databases.servers]
            for number in range(1, NODES + 1)
        }
        first = first_node(folder, folder / "node-1", public=public.port, database=_address(ways["node-1"]), workers=workers)
        first.port = ports[0]
        nodes = [first]
        stack.callback(_end, nodes)
        first.wait_until_ready()
        for number, port in enumerate(ports[1:], start=2):
            node = copied(first, f"node-{number}", port)
            settings = node.data / "directca.toml"
            settings.write_text(settings.read_text().replace(_address(ways["node-1"]), _address(ways[node.name])))
            node.begin()
            nodes.append(node)
        for node in nodes:
            node.wait_until_ready()
        hands = {"nodes": node_faults(nodes), "database": (*_server_faults(databases), *_way_faults(ways))}
        left_out = [] if databases.primary.disk.mounted else ["fill a server's disk: mounting a small one is not permitted here"]
        if not left_out:
            hands["database"] += _disk_faults(databases)
        yield PostgresHouse("PostgreSQL, three nodes", folder, nodes, hands, left_out, databases, ways)
        for node in nodes:
            node.stop()


def _end(nodes: Sequence[Node]) -> None:
    for node in nodes:
        node.kill()


def _open(gates: Sequence[Gate]) -> None:
    for gate in gates:
        gate.open()


def _address(gates: Sequence[Gate]) -> str:
    hosts = ",".join(f"127.0.0.1:{gate.port}" for gate in gates)
    return f"postgresql://{USER}@{hosts}/{DATABASE}?target_session_attrs=read-write"


def _server_faults(databases: Replicas) -> tuple[Fault, ...]:
    def kill(_chance: random.Random) -> tuple[str, Heal]:
        databases.primary.kill()
        return databases.primary.name, databases.heal

    def fail_over(_chance: random.Random) -> tuple[str, Heal]:
        databases.fail_over()
        return f"to {databases.primary.name}", databases.heal

    def lose_standby(_chance: random.Random) -> tuple[str, Heal]:
        databases.standby.kill()
        return databases.standby.name, databases.heal

    def lose_unseen(_chance: random.Random) -> tuple[str, Heal]:
        """What the primary committed alone, and showed after its restart, is lost with it: nobody may have been promised it."""
        databases.standby.kill()
        time.sleep(_UNSEEN_SECONDS / 2)
        databases.primary.kill()
        databases.primary.wait_until_ready()
        time.sleep(_UNSEEN_SECONDS)
        databases.primary.kill()
        databases.standby.wait_until_ready()
        databases.fail_over()
        return f"to {databases.primary.name}", databases.heal

    return (
        Fault("kill -9 the database", kill, (0.5, 3)),
        Fault("fail over to the standby", fail_over, (0.5, 3)),
        Fault("kill -9 the standby", lose_standby, (2, 6)),
        Fault("lose what no standby has seen", lose_unseen, (0.5, 2)),
    )


def _way_faults(ways: Mapping[str, Sequence[Gate]]) -> tuple[Fault, ...]:
    def to_one(harm: Callable[[Gate, random.Random], str]) -> Hurt:
        def hurt(chance: random.Random) -> tuple[str, Heal]:
            name = chance.choice(list(ways))
            done = [harm(gate, chance) for gate in ways[name]]
            return f"{name}{done[0]}", lambda: _open(ways[name])

        return hurt

    def cut(gate: Gate, _chance: random.Random) -> str:
        gate.cut()
        return ""

    def slow(gate: Gate, chance: random.Random) -> str:
        seconds = chance.choice((0.02, 0.1, 0.3))
        gate.slow(seconds)
        return f", {seconds} s each way"

    def silence(gate: Gate, _chance: random.Random) -> str:
        gate.silence()
        return ""

    return (
        Fault("cut a node's connections", to_one(cut), (1, 4)),
        Fault("slow a node's connections", to_one(slow), (2, 5)),
        Fault("leave a node's connections half-open", to_one(silence), (2, 8)),
    )


def _disk_faults(databases: Replicas) -> tuple[Fault, ...]:
    def fill(whose: Callable[[], Server]) -> Hurt:
        def hurt(_chance: random.Random) -> tuple[str, Heal]:
            whose().disk.fill()
            return whose().name, databases.heal

        return hurt

    return (
        Fault("fill the primary's disk", fill(lambda: databases.primary), (3, 6)),
        Fault("fill the standby's disk", fill(lambda: databases.standby), (3, 6)),
    )
