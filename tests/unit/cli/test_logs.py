"""The operator's log: no stranger writes its lines, and no failure tells its secrets, on a terminal and away from one."""

import json
import sys
from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import structlog
from prometheus_client import CollectorRegistry

from directca.cli import logs

SECRET = "a token in a local variable"


class Stream(StringIO):
    """Standard error, as a terminal or as a file."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def log_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stream]]:
    """Set logging up for a stream."""

    def set_up(*, terminal: bool) -> Stream:
        stream = Stream(terminal=terminal)
        monkeypatch.setattr(sys, "stderr", stream)
        logs.set_up()
        return stream

    yield set_up
    structlog.reset_defaults()


def fails(token: str) -> None:
    raise RuntimeError(f"cannot go on after {len(token)} characters")


@pytest.mark.parametrize(
    "path", ["/a\x1b[2J\x1b[31m", "/a\x9b31m", "/a\r\nforged", "/a\x00", "/a\u202eb", "/a\u2028b", "/\x08\x08"]
)
def test_a_path_does_not_reach_the_terminal_as_it_is(log_to: Callable[..., Stream], path: str) -> None:
    stream = log_to(terminal=True)
    structlog.get_logger("test").info("request", path="/plain")
    structlog.get_logger("test").info("request", path=path)
    plain, strange = stream.getvalue().split("\n")[:2]
    assert stream.getvalue().count("\n") == 2
    # The renderer's own colours are escapes; there is none but those.
    assert strange.count("\x1b") == plain.count("\x1b")
    assert all(one.isprintable() for one in strange.replace("\x1b", ""))


@pytest.mark.parametrize("terminal", [True, False])
def test_a_failure_is_told_without_its_variables(log_to: Callable[..., Stream], terminal: bool) -> None:
    stream = log_to(terminal=terminal)
    try:
        fails(SECRET)
    except RuntimeError:
        structlog.get_logger("test").exception("request failed")
    assert "cannot go on" in stream.getvalue()
    assert "test_logs.py" in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_away_from_a_terminal_a_line_is_json(log_to: Callable[..., Stream]) -> None:
    stream = log_to(terminal=False)
    structlog.get_logger("test").info("request", path='/a\r\n{"event": "forged"}\u2028')
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "request"


@pytest.mark.parametrize(
    "why", [OSError(28, "No space left on device"), BrokenPipeError(), ValueError("I/O operation on closed file")]
)
def test_a_line_that_cannot_be_written_is_counted_and_ends_nothing(
    log_to: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch, why: Exception
) -> None:
    stream = log_to(terminal=False)
    before = lost_lines()

    def refuse(_: str) -> int:
        raise why

    with monkeypatch.context() as full:
        full.setattr(stream, "write", refuse)
        structlog.get_logger("test").error("a disk is full")
    structlog.get_logger("test").info("there is room again")
    assert lost_lines() == before + 1
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "there is room again"


def lost_lines() -> float:
    registry = CollectorRegistry()
    registry.register(logs.LostLines())
    return registry.get_sample_value("directca_log_lines_lost_total") or 0.0
