"""One node on a SQLite file, on a small disk."""

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faults import evidence
from faults.disk import Disk, a_disk
from faults.evidence import Tables
from faults.house import Fault, Heal, first_node, node_faults
from faults.nodes import Node

_MEGABYTES = 160


@dataclass(frozen=True)
class SqliteHouse:
    """A House of one node."""

    name: str
    folder: Path
    nodes: Sequence[Node]
    hands: Mapping[str, Sequence[Fault]]
    left_out: Sequence[str]
    disk: Disk

    def tables(self) -> Tables:
        """The books."""
        return evidence.of_sqlite(self.nodes[0].data / "directca.sqlite")

    def heal(self) -> None:
        """Make everything good again."""
        self.disk.free()
        for node in self.nodes:
            node.move_clock(0)
            node.wait_until_ready()


@contextlib.contextmanager
def sqlite_house(folder: Path, *, workers: int = 2) -> Iterator[SqliteHouse]:
    """A sandbox that is ready, on a disk of its own where that is permitted."""
    with a_disk(folder / "disk", _MEGABYTES) as disk:
        node = first_node(folder, disk.folder / "var", public=0, database="directca.sqlite", workers=workers)

        def fill(_chance: random.Random) -> tuple[str, Heal]:
            disk.fill()
            return "the data folder's", disk.free

        hands = {"node": node_faults([node])}
        if disk.mounted:
            hands["disk"] = (Fault("fill the disk", fill, (2, 4)),)
        left_out = () if disk.mounted else ("fill the disk: mounting a small one is not permitted here",)
        try:
            node.wait_until_ready()
            yield SqliteHouse("SQLite, one node", folder, [node], hands, left_out, disk)
        finally:
            node.stop()
