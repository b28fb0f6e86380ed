"""Keys for certification requests under load: no key twice, and no end to them."""

from faults.subscriber_keys import Keys


def test_no_key_comes_twice_and_more_come_than_were_made_at_first() -> None:
    keys = Keys(2)
    pairs = [keys.pair() for _ in range(12)]
    numbers = [key.public_key().public_numbers().n for pair in pairs for key in pair]
    assert len(set(numbers)) == 24
    assert {number.bit_length() for number in numbers} == {2048}
    for one, other in pairs:
        mine, theirs = one.private_numbers(), other.private_numbers()
        assert {mine.p, mine.q}.isdisjoint({theirs.p, theirs.q})
