"""A server among the nodes of its authority: it says that it is there, and minds what the others say."""

import hashlib
import json
import secrets

import structlog

from directca.app import VERSION
from directca.db import nodes
from directca.db.engine import Tx
from directca.db.nodes import Node
from directca.responders.rarely import Rarely
from directca.rooms import Authority

_LOG = structlog.get_logger("directca.nodes")


class Membership:
    """This server among the nodes. For one thread."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._rarely = Rarely()
        now = authority.clock.now()
        self.node = Node(
            name=authority.settings.node,
            instance=secrets.token_hex(8),
            release=VERSION,
            agreed_sha256=_agreed(authority),
            started_at=now,
            seen_at=now,
        )

    @property
    def holder(self) -> str:
        """As whom this server takes leases: nobody else ever, nor this one after its next start."""
        return f"{self.node.name}:{self.node.instance}"

    def enter(self) -> bool:
        """Say that it starts. True when it is alone: nobody else can be at work on anything in the database."""
        with self._authority.database.write() as tx:
            nodes.enter(tx, self.node)
            others = self._others(tx)
        self._compare(others)
        # A file is its one server's, which has locked the data folder.
        return self._authority.settings.database_file is not None or not others

    def say(self, tx: Tx) -> None:
        """Say that it is still there, and look whether the others are of the same mind."""
        if not nodes.say(tx, self.node, self._authority.clock.now()):
            self._rarely.say(_LOG.error, "another server has the name of this node; set server.node", node=self.node.name)
        self._compare(self._others(tx))

    def leave(self, tx: Tx) -> None:
        """Say that it ends."""
        nodes.leave(tx, self.node)

    def _others(self, tx: Tx) -> list[Node]:
        return [one for one in nodes.every(tx) if one.name != self.node.name]

    def _compare(self, others: list[Node]) -> None:
        now = self._authority.clock.now()
        for one in others:
            if one.agreed_sha256 != self.node.agreed_sha256 and not one.silent_at(now):
                self._rarely.say(_LOG.error, "a node has another policy or other addresses than this one", node=one.name)


def _agreed(authority: Authority) -> str:
    """The digest of what every node must have alike, since it stands in what they sign and tell."""
    settings = authority.settings
    facts = {
        "policy": authority.policy.sha256,
        "public_url": settings.public_url,
        "relying_party_url": settings.relying_party_url,
        "partitions": settings.revocation.partitions,
        "responder_id": settings.revocation.responder_id,
        "assurance": settings.issuance.assurance,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
