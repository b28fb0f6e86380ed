"""Every room says in one sentence what it is for, and ARCHITECTURE.md says the same."""

import ast
import re

import pytest

from tests.house.sources import PACKAGE, ROOT

ROW = re.compile(r"^\|\s*`([a-z]+)/`\s*\|\s*(.+?)\s*\|", flags=re.MULTILINE)


def sentences(architecture: str) -> dict[str, str]:
    """The table's rows: a room's folder and its sentence."""
    return dict(ROW.findall(architecture))


def plain(sentence: str) -> str:
    """A sentence without what differs between a table's cell and a docstring: marks, the first capital, the full stop."""
    text = " ".join(sentence.replace("`", "").split()).rstrip(".")
    return text[:1].lower() + text[1:]


def rooms() -> list[str]:
    """The folders of the house."""
    return sorted(found.parent.name for found in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("room", rooms())
def test_the_room_says_what_the_plan_says(room: str) -> None:
    docstring = ast.get_docstring(ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8")))
    planned = sentences((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert docstring
    assert room in planned, f"ARCHITECTURE.md has no row `| `{room}/` | sentence |`"
    assert plain(docstring) == plain(planned[room])


def test_the_plan_names_no_room_that_is_not_there() -> None:
    assert set(sentences((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))) == set(rooms())


def test_a_different_sentence_is_seen() -> None:
    planned = sentences("| `pki/` | X.509 without I/O: *all* of it |\n| `oauth/`|the server.|\n| a | b |")
    assert planned == {"pki": "X.509 without I/O: *all* of it", "oauth": "the server."}
    assert plain("The server.") == plain(planned["oauth"])
    assert plain("A server.") != plain(planned["oauth"])
