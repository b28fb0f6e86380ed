"""What a run needs of an authority, on whichever engine: its nodes, what can be done to it, and its books."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from faults.evidence import Tables
from faults.nodes import Node
from tests.live import free_port

Heal = Callable[[], None]
Hurt = Callable[[random.Random], tuple[str, Heal]]
"""Does harm; answers what was done, and what makes it good again."""

SETTINGS = """
[server]
port = {port}
public_url = "http://127.0.0.1:{public}"
relying_party_url = "http://127.0.0.1:{public}"

[storage]
database = "{database}"

[sandbox]
enabled = true

[issuance]
abandoned_after_seconds = 8

[revocation]
verify_minutes = 0

[notices]
allow_loopback = true
retry_seconds = 1

[billing]
seller = ["Example Certificate Authority Inc."]
wire = ["Bank of Springfield"]
"""


@dataclass(frozen=True)
class Fault:
    """A kind of harm, and for how many seconds it lasts at least and at most."""

    name: str
    hurt: Hurt
    lasts: tuple[float, float]


class House(Protocol):
    """An authority that is up. `hands` are the faults that are done one after another, each hand beside the others."""

    name: str
    folder: Path
    nodes: Sequence[Node]
    hands: Mapping[str, Sequence[Fault]]
    left_out: Sequence[str]

    def tables(self) -> Tables:
        """The books."""

    def heal(self) -> None:
        """Make everything good again."""


def first_node(folder: Path, data: Path, *, public: int, database: str, workers: int) -> Node:
    """A node in an empty folder, not started, which makes a sandbox when it is."""
    node = Node("node-1", data, free_port(), folder, workers)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = SETTINGS.format(port=node.port, public=public or node.port, database=database)
    (data / "directca.toml").write_text(text)
    return node


def node_faults(nodes: Sequence[Node]) -> tuple[Fault, ...]:
    """What can be done to any node."""

    def kill(chance: random.Random) -> tuple[str, Heal]:
        node = chance.choice(nodes)
        node.kill()
        return node.name, node.wait_until_ready

    def kill_worker(chance: random.Random) -> tuple[str, Heal]:
        node = chance.choice(nodes)
        node.kill_a_worker(chance)
        return node.name, lambda: None

    def move_clock(chance: random.Random) -> tuple[str, Heal]:
        node, seconds = chance.choice(nodes), chance.choice((-3600.0, -10.0, 5.0, 12.0))
        node.move_clock(seconds)
        return f"{node.name}, {seconds:+.0f} s", lambda: node.move_clock(0)

    return (
        Fault("kill -9 a node", kill, (0.5, 3)),
        Fault("kill -9 a worker process", kill_worker, (1, 2)),
        Fault("jump the clock", move_clock, (2, 5)),
    )
