"""Whatever happens between two lists, one that is put together from blocks says what its entries say, and no less."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import delete, text

from directca.certificates import list_blocks, listing, listing_store
from directca.certificates.listing import FULL, Listable, Revoked
from directca.db.engine import Tx
from directca.pki import der
from directca.pki.reasons import RevocationReason
from tests.clinic import NOON
from tests.world import World

ISSUING = "issuing"
END = NOON + timedelta(days=365)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_blocks, "_LONG", 8)
    monkeypatch.setattr(list_blocks, "_SIZE", 4)


def listable(serial: int, end: timedelta = timedelta(days=365)) -> Listable:
    return Listable(f"{serial:x}", "", NOON + end)


def show(world: World, *serials: int, end: timedelta = timedelta(days=365), minutes: int = 0, **why: RevocationReason) -> None:
    revoked = Revoked(NOON + timedelta(minutes=minutes), why.get("reason"))
    with world.database.write() as tx:
        listing.show(tx, ISSUING, [listable(one, end) for one in serials], revoked, NOON)


def hide(world: World, *serials: int) -> None:
    with world.database.write() as tx:
        listing.hide(tx, ISSUING, [listable(one) for one in serials], NOON)


def listed(world: World, *, at: timedelta = timedelta(0), last_version: int | None = 0) -> tuple[bytes, int | None]:
    """What the next list says, held against its entries, and how many blocks had to be made for it; None for all of them."""
    latest = NOON + at
    with world.database.scan() as tx:
        run, blocks = list_blocks.gather(tx, ISSUING, FULL, latest, last_version)
        entries = listing.entries(tx, ISSUING, FULL, latest)
    assert (bytes(run.entries), run.facts()) == (bytes(entries.entries), entries.facts())
    if blocks is None:
        return bytes(run.entries), 0
    with world.database.write() as tx:
        list_blocks.keep(tx, blocks)
    return bytes(run.entries), None if blocks.instead_of is None else len(blocks.new)


def sizes(tx: Tx) -> list[int]:
    return list(tx.execute(text("SELECT count FROM crl_block ORDER BY first")).scalars())


def test_a_short_list_has_no_blocks(world: World) -> None:
    show(world, *range(1, 8))
    assert listed(world)[1] == 0
    with world.database.read() as tx:
        assert sizes(tx) == []


def test_a_change_makes_its_own_block_anew_and_no_other(world: World) -> None:
    show(world, *range(10, 50))
    assert listed(world)[1] is None
    assert listed(world)[1] == 0
    show(world, 21, reason=RevocationReason.KEY_COMPROMISE)
    assert listed(world)[1] == 1
    hide(world, 30, 49)
    assert listed(world)[1] == 2


@pytest.mark.parametrize("serial", [1, 9, 50, 2**120], ids=["long before", "just before", "just after", "far after"])
def test_what_lies_outside_of_all_blocks_is_listed(world: World, serial: int) -> None:
    show(world, *range(10, 50))
    listed(world)
    show(world, serial)
    found, made = listed(world)
    assert der.integer(serial) in found
    assert made == 1


def test_a_block_that_loses_all_its_entries_goes(world: World) -> None:
    show(world, *range(10, 30))
    listed(world)
    hide(world, *range(10, 14), *range(26, 30))
    assert listed(world)[1] == 0
    with world.database.read() as tx:
        assert sum(sizes(tx)) == 12
    show(world, 11, 28)
    assert listed(world)[1] is not None


def test_no_crumbs_are_left_by_many_changes(world: World) -> None:
    show(world, *range(0x1000, 0x1100, 16))
    listed(world)
    order = [one for one in range(0x1000, 0x1100) if one % 16]
    random.Random(4).shuffle(order)
    for serial in order:
        show(world, serial)
        assert listed(world)[1] is not None
    with world.database.read() as tx:
        assert min(sizes(tx)) >= 2
        assert max(sizes(tx)) <= 6


def test_no_blocks_are_made_while_very_many_change(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_blocks, "_CALM", 10)
    show(world, *range(10, 30))
    listed(world)
    with world.database.read() as tx:
        assert sizes(tx) == []
        version = listing_store.version_of(tx, ISSUING)
    show(world, *range(30, 40))
    listed(world, last_version=version)
    with world.database.read() as tx:
        assert sum(sizes(tx)) == 30


def test_before_the_first_list_no_blocks_are_made(world: World) -> None:
    show(world, *range(10, 30))
    listed(world, last_version=None)
    with world.database.read() as tx:
        assert sizes(tx) == []


def test_an_entry_that_was_let_go_past_its_end_is_not_listed_again(world: World) -> None:
    show(world, *range(10, 30))
    show(world, 15, end=timedelta(days=1))
    listed(world)
    later = timedelta(days=2)
    assert der.integer(15) in listed(world, at=later)[0]
    with world.database.write() as tx:
        listing.published(tx, ISSUING, FULL, this_update=NOON + later, version=listing_store.version_of(tx, ISSUING))
    found, made = listed(world, at=later)
    assert der.integer(15) not in found
    assert made == 1


def test_an_entry_from_a_clock_that_ran_ahead_is_dated_as_of_now_until_then(world: World) -> None:
    show(world, *range(10, 30))
    show(world, 15, minutes=10)
    listed(world)
    assert der.time(NOON + timedelta(minutes=10)) not in listed(world)[0]
    assert der.time(NOON + timedelta(minutes=10)) in listed(world, at=timedelta(minutes=11))[0]


def test_a_feed_that_has_forgotten_makes_everything_anew(world: World) -> None:
    show(world, *range(10, 30))
    listed(world)
    show(world, 40)
    show(world, 41)
    with world.database.write() as tx:
        tx.execute(delete(listing_store.status_change).where(listing_store.status_change.c.serial != "29"))
    assert listed(world)[1] is None


def test_an_entry_that_no_feed_tells_of_is_listed(world: World) -> None:
    """Fails closed: whoever writes an entry past the feed is found by the number of entries."""
    show(world, *range(10, 30))
    listed(world)
    with world.database.write() as tx:
        version = listing_store.version_of(tx, ISSUING)
        entry = bytes.fromhex("3013020141170d3236303130313030303030305a")
        listing_store.put_entries(tx, ISSUING, version, [(FULL, bytes.fromhex("0141"), entry, END)])
    found, made = listed(world)
    assert entry in found
    assert made is None


def test_what_two_processes_kept_at_once_is_kept_by_the_first(world: World) -> None:
    show(world, *range(10, 30))
    with world.database.scan() as tx:
        _, slow = list_blocks.gather(tx, ISSUING, FULL, NOON, 0)
    assert slow is not None
    show(world, 50)
    listed(world)
    with world.database.write() as tx:
        list_blocks.keep(tx, slow)
    found, made = listed(world)
    assert der.integer(50) in found
    assert made == 0


@pytest.mark.parametrize("seed", range(12))
def test_any_history_lists_what_its_entries_say(world: World, seed: int) -> None:
    chance = random.Random(seed)
    now = timedelta(0)
    for _ in range(25):
        serials = [chance.choice([chance.randrange(1, 300), chance.getrandbits(100) + 1]) for _ in range(chance.randrange(1, 9))]
        if chance.random() < 0.7:
            show(world, *set(serials), end=now + timedelta(days=chance.randrange(1, 9)), minutes=chance.randrange(-9, 9))
        else:
            hide(world, *set(serials))
        if chance.random() < 0.6:
            listed(world, at=now)
            with world.database.write() as tx:
                version = listing_store.version_of(tx, ISSUING)
                listing.published(tx, ISSUING, FULL, this_update=NOON + now, version=version)
            now += timedelta(days=chance.randrange(3))
    listed(world, at=now)
