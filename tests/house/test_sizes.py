"""A file is at most 400 lines, a function 50, its arguments 6; what is larger says why in tests/exceptions.toml."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from tests.house.sources import Function, Module, exceptions, module, modules

FILE_LINES = 400
FUNCTION_LINES = 50
ARGUMENTS = 6


@dataclass(frozen=True)
class TooLarge:
    """Something over its limit; `function` is empty for a whole file."""

    file: str
    function: str
    finding: str


def too_large(judged: Iterable[Module]) -> Iterator[TooLarge]:
    """Everything over a limit."""
    for found in judged:
        lines = len(found.text.splitlines())
        if lines > FILE_LINES:
            yield TooLarge(found.path, "", f"{lines} lines, {FILE_LINES} are allowed")
        for function in found.functions():
            yield from (TooLarge(found.path, function.name, finding) for finding in _function_findings(found, function))


def _function_findings(found: Module, function: Function) -> Iterator[str]:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if lines > FUNCTION_LINES:
        yield f"{lines} lines, {FUNCTION_LINES} are allowed"
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    count = len([name for name in names if name not in ("self", "cls")])
    # The arguments of a test are the fixtures that it asks for.
    if count > ARGUMENTS and found.product:
        yield f"{count} arguments, {ARGUMENTS} are allowed"


def test_everything_is_small_or_says_why() -> None:
    allowed = {(entry["file"], entry.get("function", "")) for entry in exceptions("size")}
    found = [str(one) for one in too_large(modules()) if (one.file, one.function) not in allowed]
    assert not found, "\n".join(found)


def test_no_exception_is_stale_or_without_a_reason() -> None:
    needed = {(found.file, found.function) for found in too_large(modules())}
    for entry in exceptions("size"):
        assert len(entry["reason"]) > 20, f"{entry} needs a reason"
        assert (entry["file"], entry.get("function", "")) in needed, f"{entry} is no longer needed"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("x = 1\n" * 401, "401 lines"),
        ("def f():\n" + "    x = 1\n" * 50, "51 lines"),
        ("class A:\n    async def f(self, a, b, c, /, d, *, e, g, h): ...\n", "7 arguments"),
    ],
)
def test_the_gate_sees_what_is_too_large(text: str, finding: str) -> None:
    found = list(too_large([module("src/directca/x.py", text)]))
    assert len(found) == 1
    assert found[0].finding.startswith(finding)


def test_the_gate_accepts_what_is_exactly_as_large_as_allowed() -> None:
    text = "def f(a, b, c, d, e, g):\n" + "    x = 1\n" * 49 + "y = 1\n" * 350
    assert list(too_large([module("src/directca/x.py", text)])) == []
