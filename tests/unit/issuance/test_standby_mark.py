"""Whatever changes a page of the query moves its mark: else a standby that is behind could answer with what is no longer so."""

from collections.abc import Callable

import pytest

from directca.certificates import query
from directca.certificates.filters import Filters, Window
from directca.certificates.query import Counts, Page
from directca.db.engine import Mark
from directca.pki.reasons import RevocationReason
from tests.world import DOMAIN, World

BOB = f"bob@{DOMAIN}"


def look(world: World) -> tuple[Page, Mark]:
    """A page of the account, and how far it has come."""
    account = world.principal.account_id
    with world.database.read() as tx:
        page = query.page(tx, Counts(), account, Filters(), Window(), world.clock.now())
        return page, query.mark(tx, account)


@pytest.mark.parametrize(
    "verb",
    [
        lambda world: world.issue(BOB, key=10),
        lambda world: world.renew(key=12),
        lambda world: world.reissue(key=14),
        lambda world: world.revoke(RevocationReason.KEY_COMPROMISE),
        lambda world: world.revoke(RevocationReason.CERTIFICATE_HOLD),
    ],
    ids=["issue", "renew", "reissue", "revoke", "hold"],
)
def test_each_verb_moves_it(world: World, verb: Callable[[World], object]) -> None:
    world.issue()
    before, mark = look(world)
    world.clock.advance(seconds=1)
    verb(world)
    after, moved = look(world)
    assert after != before
    assert moved != mark
    assert all(now >= then for now, then in zip(moved, mark, strict=True))


@pytest.mark.parametrize("reason", [RevocationReason.REMOVE_FROM_CRL, RevocationReason.CESSATION_OF_OPERATION])
def test_the_end_of_a_hold_moves_it(world: World, reason: RevocationReason) -> None:
    world.issue()
    world.revoke(RevocationReason.CERTIFICATE_HOLD)
    before, mark = look(world)
    world.clock.advance(seconds=1)
    world.revoke(reason)
    after, moved = look(world)
    assert after != before
    assert moved > mark


def test_looking_does_not(world: World) -> None:
    world.issue()
    assert look(world)[1] == look(world)[1]
