"""Each RFC that is claimed has its table of rules, as the certificate policy has; each line names its code and a test."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLAIMED = (
    "rfc5019",
    "rfc6749",
    "rfc6750",
    "rfc6960",
    "rfc7009",
    "rfc7636",
    "rfc7662",
    "rfc8252",
    "rfc8414",
    "rfc9207",
    "rfc9470",
    "rfc9654",
    "rfc9700",
)
LEVELS = {"MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "REQUIRED"}
CODE = re.compile(r"`([a-z_]+/[a-z_/]+\.py)`")
TEST = re.compile(r"`(tests/[a-z0-9_/]+\.py)::([a-z0-9_]+)`")


def lines(text: str) -> list[list[str]]:
    """The cells of every line of the page's tables, without their heads."""
    rows = [row for row in text.splitlines() if row.startswith("|")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [row for row in cells if row[0] != "clause" and not set("".join(row)) <= {"-"}]


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def faults(row: list[str]) -> list[str]:
    """What is wrong with one line."""
    if len(row) != 5:
        return [f"{len(row)} cells"]
    clause, level, rule, kept, shown = row
    found = [f"{what} is missing" for what, cell in (("clause", clause), ("rule", rule)) if not cell]
    if level not in LEVELS:
        found.append(f"level {level!r}")
    files, named = CODE.findall(kept), TEST.findall(shown)
    found += [f"no file {name}" for name in files if not (ROOT / "src" / "directca" / name).is_file()]
    found += [f"no test {path}::{name}" for path, name in named if not has_test(ROOT / path, name)]
    if not files:
        found.append("names no code")
    if not named or TEST.sub("", shown).strip():
        found.append("names no test, or something else")
    return found


def has_test(path: Path, name: str) -> bool:
    """Whether the file holds a test of this name."""
    return path.is_file() and name in names_in(path)


def page(name: str) -> str:
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CLAIMED)
def test_every_rule_names_its_code_and_its_test(name: str) -> None:
    rows = lines(page(name))
    assert len(rows) >= 5
    assert {" · ".join(row[:3]): faults(row) for row in rows if faults(row)} == {}


def test_every_rfc_page_is_one_that_is_claimed() -> None:
    assert sorted(path.stem for path in (ROOT / "docs" / "reference").glob("rfc*.md")) == sorted(CLAIMED)


def test_every_rule_of_the_certificate_policy_names_its_code_and_its_test() -> None:
    rows = [row for row in lines(page("certificate-policy")) if row[0] != "rule"]
    assert len(rows) >= 20
    found = {row[0]: faults(["4", "MUST", *row[:3]]) for row in rows}
    assert {rule: wrong for rule, wrong in found.items() if wrong} == {}


GOOD = "| 1 | MUST | rule | `oauth/token.py` | `tests/house/test_rfc_tables.py::test_a_broken_line_is_seen` |"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("MUST", "OUGHT"),
        ("rule", ""),
        ("token.py", "nothing.py"),
        ("`oauth/token.py`", "somewhere"),
        ("test_a_broken_line_is_seen", "test_nothing"),
        ("tests/house", "tests/nowhere"),
        ("`tests/house/test_rfc_tables.py::test_a_broken_line_is_seen`", ""),
        ("| 1 |", "|"),
    ],
)
def test_a_broken_line_is_seen(old: str, new: str) -> None:
    (good,) = lines(GOOD)
    assert faults(good) == []
    assert faults(lines(GOOD.replace(old, new))[0]) != []
