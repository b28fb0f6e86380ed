"""Names in the query: the exact one, a pattern, and both at once."""

import pytest

from directca.certificates.filters import Filters, Window
from directca.certificates.query import Counts, page
from tests.world import ALICE, World


@pytest.mark.parametrize(
    ("like", "count"), [(ALICE, 1), (f"*{ALICE[1:]}", 1), ("*", 1), ("bob@direct.example.org", 0), ("bob@*", 0)]
)
def test_an_exact_name_and_a_pattern_must_both_hold(world: World, like: str, count: int) -> None:
    world.issue(ALICE)
    filters = Filters(name_is=ALICE, name_like=like)
    with world.database.read() as tx:
        found = page(tx, Counts(), world.account_id, filters, Window(), world.clock.now())
    assert (found.total, len(found.pairs)) == (count, count)
