"""Figures: percentiles by nearest rank, and a file that tools can read."""

import json
from pathlib import Path

import pytest
from bench import results
from bench.__main__ import main
from bench.results import Result, Table


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [(1, 0.5, 1), (1, 0.99, 1), (2, 0.5, 1), (3, 0.5, 2), (100, 0.5, 50), (100, 0.99, 99), (101, 0.99, 100), (400, 0.99, 396)],
)
def test_a_percentile_is_a_value_that_occurred(count: int, share: float, expected: int) -> None:
    assert results.percentile(list(range(count, 0, -1)), share) == expected


def test_a_target_is_reached_or_missed() -> None:
    assert results.verdict(0.5, 0.5, at_least=True) == "reached"
    assert results.verdict(0.49, 0.5, at_least=True) == "missed"
    assert results.verdict(0.021, 0.020, at_least=False) == "missed"


def test_a_result_is_written_whole(tmp_path: Path) -> None:
    result = Result("token", (Table("t", ("",), (("a",),)),), {"grants_per_second": 12.5}, {"ratio": 0.5}, ("how",))
    written = json.loads(results.write(result, tmp_path, {"cores": 2}, quick=True).read_text())
    assert written.pop("at").endswith("+00:00")
    assert written == {
        "bench": "token",
        "quick": True,
        "machine": {"cores": 2},
        "ratios": {"ratio": 0.5},
        "figures": {"grants_per_second": 12.5},
        "notes": ["how"],
    }


def test_an_unknown_bench_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "issue,speed"])
    assert "there is no 'speed'; there are start, issue, engines, others, token" in capsys.readouterr().err
