"""The nodes of an authority: every server that works on its database says so, and says it again every few seconds.

A node that ends in order takes its row away. One that dies leaves it, and is forgotten a day later.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import Column, String, Table, delete, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata

SILENT_AFTER = timedelta(seconds=30)
"""A node that said nothing for so long is probably gone."""

_FORGOTTEN_AFTER = timedelta(days=1)

node = Table(
    "node",
    metadata,
    Column("name", String, primary_key=True),
    # Another one at each start: who finds another than its own has lost its name to a second server.
    Column("instance", String, nullable=False),
    Column("release", String, nullable=False),
    # Of what all nodes must have in common, such as the policy and the addresses that certificates name.
    Column("agreed_sha256", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True)
class Node:
    """A server on the database, as it described itself, and when it was heard of last."""

    name: str
    instance: str
    release: str
    agreed_sha256: str
    started_at: datetime
    seen_at: datetime

    def silent_at(self, now: datetime) -> bool:
        """Whether it has said nothing for too long."""
        return self.seen_at + SILENT_AFTER <= now


def enter(tx: Tx, entering: Node) -> None:
    """Write a node down that starts; what an earlier one of its name left is replaced."""
    tx.execute(delete(node).where(node.c.name == entering.name))
    tx.execute(insert(node), {one.name: getattr(entering, one.name) for one in fields(Node)})


def say(tx: Tx, known: Node, now: datetime) -> bool:
    """Say that a node is there; False when another one has its name. Whoever was silent for a day is forgotten."""
    tx.execute(delete(node).where(node.c.seen_at < now - _FORGOTTEN_AFTER))
    said = update(node).where(node.c.name == known.name, node.c.instance == known.instance).values(seen_at=now)
    if tx.execute(said).rowcount == 1:
        return True
    if tx.execute(select(node.c.name).where(node.c.name == known.name)).first() is not None:
        return False
    enter(tx, known)  # forgotten, after a day without a word
    return True


def leave(tx: Tx, leaving: Node) -> None:
    """Take a node away that ends in order."""
    tx.execute(delete(node).where(node.c.name == leaving.name, node.c.instance == leaving.instance))


def every(tx: Tx) -> tuple[Node, ...]:
    """Every node that started and did not end in order, by name."""
    return tuple(Node(**row._mapping) for row in tx.execute(select(node).order_by(node.c.name)))
