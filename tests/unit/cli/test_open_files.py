"""A server lets itself have as many files as its connections need, and says so where the system does not."""

import resource

import pytest
import structlog

from directca.cli import open_files

Limits = tuple[int, int]


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch) -> list[Limits]:
    """What the limits were set to; those of the tests stay as they are."""
    found: list[Limits] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: found.append(limits))
    return found


def given(monkeypatch: pytest.MonkeyPatch, soft: int, hard: int) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))


@pytest.mark.parametrize("hard", [524_288, resource.RLIM_INFINITY])
def test_a_shells_limit_is_raised_as_far_as_is_needed(set_to: list[Limits], monkeypatch: pytest.MonkeyPatch, hard: int) -> None:
    given(monkeypatch, 1024, hard)
    with structlog.testing.capture_logs() as said:
        open_files.allow(1000)
    assert set_to == [(1256, hard)]
    assert said == []


@pytest.mark.parametrize("soft", [65_536, resource.RLIM_INFINITY])
def test_what_is_enough_stays_as_it_is(set_to: list[Limits], monkeypatch: pytest.MonkeyPatch, soft: int) -> None:
    given(monkeypatch, soft, soft)
    open_files.allow(1000)
    assert set_to == []


def test_what_the_system_does_not_let_it_have_is_told(set_to: list[Limits], monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, 1024, 1100)
    with structlog.testing.capture_logs() as said:
        open_files.allow(1000)
    assert set_to == [(1100, 1100)]
    assert [(one["allowed"], one["wanted"]) for one in said] == [(1100, 1256)]
