"""What a process of the nursery does with an authority: one verb, as an edge or the periodic work would do it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from directca.certificates.model import Pair
from directca.issuance.reconcile import reconcile
from directca.pki.reasons import RevocationReason
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests.world import ALICE, World

Answer = str | int | None


def issue(world: World, name: str = ALICE, key: int = 0, **more: Any) -> Answer:
    """A first pair; answers its record's id."""
    return _id(world.issue(name, key=key, **more))


def renew(world: World, name: str = ALICE, **more: Any) -> Answer:
    """A paid successor."""
    return _id(world.renew(name, **more))


def reissue(world: World, name: str = ALICE, **more: Any) -> Answer:
    """A free successor."""
    return _id(world.reissue(name, **more))


def revoke(world: World, reason: str, name: str = ALICE) -> Answer:
    """Revoke, hold or release."""
    return _id(world.revoke(RevocationReason(reason), name))


def produce(world: World, authority: str = "issuing") -> Answer:
    """The next CRL; answers the number of the one that is published afterwards."""
    return crl.produce(world.revocation, ListId(authority), actor="system:test").number


def begin(world: World) -> Answer:
    """What `directca serve` does before it lets workers begin."""
    settled = reconcile(world.issuance, actor="system:start", older_than=timedelta(0))
    upkeep.produce_due_crls(world.revocation, holder="test")
    return len(settled)


def keep(world: World) -> Answer:
    """What a serving authority does every few seconds."""
    settled = reconcile(world.issuance, actor=upkeep.ACTOR)
    upkeep.revoke_superseded(world.revocation)
    upkeep.revoke_overheld(world.revocation)
    upkeep.produce_due_crls(world.revocation, holder="test")
    return len(settled)


VERBS: Mapping[str, Callable[..., Answer]] = {
    each.__name__: each for each in (issue, renew, reissue, revoke, produce, begin, keep)
}


def _id(pair: Pair) -> str:
    return pair.record.id
