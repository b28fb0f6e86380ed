"""What is reached of the floor, on each engine and with each key, and what is said of an engine that is not there."""

import pytest
from bench import engines
from bench.engines import POSTGRESQL, QUICK, SQLITE, Case, Line
from bench.floor import Floor


def a_line(engine: str, bits: int, connections: int, rate: float) -> Line:
    floors = [Floor(900.0, 0.002), Floor(1100.0, 0.002)]
    return Line(Case(engine, bits), connections, latencies=[0.01] * 100, seconds=100 / rate, cpu=0.4, floors=floors)


def test_the_ratio_is_to_the_floor_around_it() -> None:
    line = a_line(SQLITE, 3072, 8, 650.0)
    assert line.rate == pytest.approx(650)
    assert line.ratio == pytest.approx(0.65)
    assert line.cpu_ratio == pytest.approx(0.002 * 100 / 0.4)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (a_line(SQLITE, 3072, 8, 651.0), "≥ 0.65: reached"),
        (a_line(SQLITE, 3072, 8, 640.0), "≥ 0.65: missed"),
        (a_line(POSTGRESQL, 3072, 8, 551.0), "≥ 0.55: reached"),
        (a_line(SQLITE, 3072, 1, 10.0), ""),
        (a_line(SQLITE, 2048, 8, 10.0), ""),
    ],
)
def test_targets_are_for_the_usual_key_and_enough_clients(line: Line, said: str) -> None:
    assert engines._row(line)[-1] == said


def test_an_engine_that_is_missing_is_a_row() -> None:
    result = engines._result(QUICK, [a_line(SQLITE, 3072, 8, 650.0)], "PostgreSQL 15 or newer is not installed")
    assert result.tables[0].rows[-1][0] == "PostgreSQL: not measured"
    assert result.notes[-1] == "PostgreSQL was not measured: PostgreSQL 15 or newer is not installed."
    assert result.figures["not_measured"]
