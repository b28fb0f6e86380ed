"""Compiled templates are kept beside the compiled modules, as far as that is possible and wanted."""

import sys
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from directca.web.compiled_templates import CompiledTemplates


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one template, and a Python that keeps what it compiled."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "a.html").write_text("Hello {{ name }}")
    return tmp_path


def rendered(templates: Path) -> str:
    environment = Environment(loader=FileSystemLoader(templates), autoescape=True, bytecode_cache=CompiledTemplates(templates))
    return environment.get_template("a.html").render(name="you")


def kept(templates: Path) -> list[Path]:
    return list((templates / "__pycache__").glob("*"))


def test_a_template_is_compiled_once(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rendered(templates) == "Hello you"
    assert len(kept(templates)) == 1
    monkeypatch.setattr(Environment, "_generate", lambda *_: pytest.fail("compiled again"))
    assert rendered(templates) == "Hello you"


def test_a_template_that_was_changed_is_compiled_again(templates: Path) -> None:
    rendered(templates)
    (templates / "a.html").write_text("Bye {{ name }}")
    assert rendered(templates) == "Bye you"


@pytest.mark.parametrize("octets", [0, 20, 60])
def test_what_was_kept_in_part_is_compiled_again(templates: Path, octets: int) -> None:
    rendered(templates)
    (one,) = kept(templates)
    one.write_bytes(one.read_bytes()[:octets])
    assert rendered(templates) == "Hello you"


def test_nothing_is_kept_where_nothing_can_be_written(templates: Path) -> None:
    (templates / "__pycache__").write_text("a file in the way")
    assert rendered(templates) == "Hello you"


def test_nothing_is_kept_where_nothing_is_to_be_kept(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered(templates) == "Hello you"
    assert kept(templates) == []
