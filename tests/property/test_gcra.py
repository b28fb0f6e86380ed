"""The cell rate algorithm: never more than burst + rate × t, waits that are exact, and clocks that are set."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from directca.accounts.gcra import SECOND, Rate, charge, look, spend

NOON = 1_800_000_000 * SECOND
RATES = st.builds(Rate, burst=st.integers(1, 400), per_minute=st.integers(1, 200_000))
PAUSES = st.lists(st.integers(0, 90 * SECOND), min_size=1, max_size=120)
MOVES = st.lists(st.integers(-7200 * SECOND, 90 * SECOND), min_size=1, max_size=120)


def admitted_at(rate: Rate, moments: Sequence[int]) -> list[int]:
    arrival, admitted = 0, []
    for moment in moments:
        verdict = spend(rate, arrival, moment)
        arrival = verdict.arrival
        if verdict.admitted:
            admitted.append(moment)
    return admitted


def walked(moves: Sequence[int]) -> list[int]:
    moments = [NOON]
    for move in moves:
        moments.append(moments[-1] + move)
    return moments


@given(RATES, PAUSES)
def test_no_window_has_more_than_the_burst_and_what_comes_back_in_it(rate: Rate, pauses: list[int]) -> None:
    admitted = admitted_at(rate, walked(pauses))
    for first, since in enumerate(admitted):
        for last in range(first, len(admitted)):
            assert (last - first + 1 - rate.burst) * rate.interval <= admitted[last] - since


@given(RATES, MOVES)
def test_a_clock_that_is_set_admits_no_more_than_what_it_moved_forward(rate: Rate, moves: list[int]) -> None:
    moments = walked(moves)
    forward = sum(max(0, move) for move in moves)
    assert (len(admitted_at(rate, moments)) - rate.burst) * rate.interval <= forward


@given(RATES, st.integers(1, 10_000_000 * SECOND))
def test_a_clock_that_is_set_back_keeps_nobody_out_for_longer_than_a_burst_takes(rate: Rate, back: int) -> None:
    set_back = spend(rate, charge(rate, 0, NOON, 2 * rate.burst), NOON - back)
    assert set_back.retry_after <= rate.window + rate.interval
    assert spend(rate, set_back.arrival, NOON - back + set_back.retry_after).admitted


@given(RATES, st.lists(st.integers(0, 5 * SECOND), min_size=1, max_size=60))
def test_the_wait_is_exact(rate: Rate, pauses: list[int]) -> None:
    arrival, now = charge(rate, 0, NOON, rate.burst), NOON
    for pause in pauses:
        now += pause
        verdict = spend(rate, arrival, now)
        arrival = verdict.arrival
        after = look(rate, arrival, now)
        assert (verdict.remaining, verdict.retry_after) == (after.remaining, after.retry_after)
        assert spend(rate, arrival, now + after.retry_after).admitted
        if after.retry_after:
            assert not spend(rate, arrival, now + after.retry_after - 1).admitted


@given(RATES, st.integers(0, 400))
def test_what_is_said_to_remain_is_what_is_admitted(rate: Rate, spent: int) -> None:
    arrival = charge(rate, 0, NOON, min(spent, rate.burst))
    remaining = look(rate, arrival, NOON).remaining
    assert spend(rate, arrival, NOON, remaining).admitted
    assert not spend(rate, arrival, NOON, remaining + 1).admitted


@given(RATES, st.lists(st.integers(1, 50), max_size=20))
def test_calls_charged_together_are_as_charged_one_by_one(rate: Rate, counts: list[int]) -> None:
    one_by_one = 0
    for count in counts:
        for _ in range(count):
            one_by_one = charge(rate, one_by_one, NOON, 1)
    assert charge(rate, 0, NOON, sum(counts)) == max(one_by_one, NOON)


def test_a_caller_who_keeps_asking_is_admitted_as_soon_as_one_who_waits() -> None:
    rate = Rate(burst=1, per_minute=60)
    admitted = admitted_at(rate, [NOON + step * SECOND // 100 for step in range(301)])
    assert admitted == [NOON + second * SECOND for second in range(4)]


def test_whole_comes_back_when_it_is_said() -> None:
    rate = Rate(burst=10, per_minute=60)
    verdict = spend(rate, 0, NOON, 4)
    assert (verdict.remaining, verdict.whole_after) == (6, 4 * SECOND)
    assert look(rate, verdict.arrival, NOON + 4 * SECOND).remaining == 10
