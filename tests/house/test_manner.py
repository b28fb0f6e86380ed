"""The manner of the code, as far as a machine can see it: names, imports, clocks, exits."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.sources import Module, exceptions, module, modules

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "services", "misc"}
EMPTY_SUFFIX = re.compile(r"(Utils?|Helpers?|Manager|Service)$")
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
EXITS = {"sys.exit", "os._exit", "exit", "quit"}
PRESCRIBED = {"get_route_handler"}  # FastAPI's hook for a route's handler; a subclass has no other name for it
LOCKS = {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore"}
TURNS = {"write", "turn"}
DYNAMIC_IMPORTS = {"importlib.import_module", "import_module", "__import__"}


def findings(judged: Module) -> Iterator[str]:
    """Everything about one module that the house does not do, in the order of the rules below."""
    for rule in (empty_names, getters, imports_in_functions, re_exports, furniture_only, own_clocks, exits, held_while_writing):
        yield from (f"{judged.path}:{line}: {finding}" for line, finding in rule(judged))


def empty_names(judged: Module) -> Iterator[tuple[int, str]]:
    """A name must say something about the trade."""
    words = judged.path.removesuffix(".py").split("/")
    yield from ((1, f"`{word}` says nothing") for word in words if word in EMPTY_NAMES)
    for node in judged.nodes:
        if isinstance(node, ast.ClassDef) and EMPTY_SUFFIX.search(node.name):
            yield node.lineno, f"`{node.name}` says nothing"


def getters(judged: Module) -> Iterator[tuple[int, str]]:
    """A function that answers something is named after the answer."""
    named = (found for found in judged.functions() if found.name.startswith("get_") and found.name not in PRESCRIBED)
    yield from ((found.lineno, f"`{found.name}`: no get_") for found in named)


def imports_in_functions(judged: Module) -> Iterator[tuple[int, str]]:
    """An import inside a function is an arrow that nobody sees; those that save each start something stand in a list."""
    late = {entry["function"] for entry in exceptions("late") if entry["file"] == judged.path}
    yield from ((line, finding) for line, function, finding in late_imports(judged) if function not in late)


def late_imports(judged: Module) -> Iterator[tuple[int, str, str]]:
    """Every import inside a function, by line, and in the product every import by a name that is not written out."""
    for function in judged.functions():
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node.lineno, function.name, f"import inside `{function.name}`"
    if judged.product:
        spans = {range(one.lineno, (one.end_lineno or one.lineno) + 1): one.name for one in judged.functions()}
        for line, name in _calls(judged):
            if name in DYNAMIC_IMPORTS:
                yield line, next((of for span, of in spans.items() if line in span), ""), f"`{name}` hides an import"


def re_exports(judged: Module) -> Iterator[tuple[int, str]]:
    """A thing is imported from where it lives."""
    for node in judged.nodes:
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"`{a.name}` is re-exported") for a in node.names if a.name in (a.asname, "*"))
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            yield node.lineno, "`__all__` serves re-exports only"


def furniture_only(judged: Module) -> Iterator[tuple[int, str]]:
    """A package's `__init__.py` is one docstring."""
    if judged.path.endswith("__init__.py") and (len(judged.tree.body) != 1 or not ast.get_docstring(judged.tree)):
        yield 1, "holds something other than one docstring"


def own_clocks(judged: Module) -> Iterator[tuple[int, str]]:
    """Time is an argument: a rule must be testable at any date."""
    if judged.product and judged.path != "src/directca/clock.py":
        yield from ((line, f"`{name}`: time comes from clock.py") for line, name in _calls(judged) if name in CLOCKS)


def exits(judged: Module) -> Iterator[tuple[int, str]]:
    """Only the command line ends the process."""
    at_the_top = judged.path == "src/directca/__main__.py" or judged.path.startswith("src/directca/cli/")
    if judged.product and not at_the_top:
        yield from ((line, f"`{name}` outside of cli/") for line, name in _calls(judged) if name in EXITS)
        raised = (node for node in judged.nodes if isinstance(node, ast.Name) and node.id == "SystemExit")
        yield from ((node.lineno, "SystemExit outside of cli/") for node in raised)


def held_while_writing(judged: Module) -> Iterator[tuple[int, str]]:
    """Who waits for a turn to write holds no lock of a thread's: work that shares the thread would wait for it for ever."""
    if not judged.product:
        return
    locks = {
        ast.unparse(node.targets[0]).split(".")[-1]
        for node in judged.nodes
        if isinstance(node, ast.Assign) and any(_last_name(made) in LOCKS for made in ast.walk(node.value))
    }
    inside: dict[str, list[ast.AST]] = {function.name: [function] for function in judged.functions()}
    for node in judged.nodes:
        if isinstance(node, ast.With) and locks & {ast.unparse(item.context_expr).split(".")[-1] for item in node.items}:
            waits, seen = list[ast.AST](node.body), set[str]()
            while waits:
                called = {_last_name(one) for one in ast.walk(waits.pop())} - seen
                seen |= called
                waits += [body for name in called for body in inside.get(name, ())]
            yield from ((node.lineno, f"`{name}` is called with a lock held") for name in sorted(TURNS & seen))


def _last_name(node: ast.AST) -> str:
    """Of a call, the last part of what is called; nothing of anything else."""
    return ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""


def _calls(judged: Module) -> Iterator[tuple[int, str]]:
    """Every call by its last two names: `datetime.datetime.now(x)` is `datetime.now`."""
    for node in judged.nodes:
        if isinstance(node, ast.Call):
            yield node.lineno, ".".join(ast.unparse(node.func).split(".")[-2:])


def test_the_code_keeps_the_manner_of_the_house() -> None:
    found = [finding for judged in modules() for finding in findings(judged)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "text", "finding"),
    [
        ("src/directca/pki/utils.py", "", "`utils` says nothing"),
        ("src/directca/common/x.py", "", "`common` says nothing"),
        ("src/directca/x.py", "class KeyManager: ...", "`KeyManager` says nothing"),
        ("src/directca/x.py", "def get_key(): ...", "no get_"),
        ("src/directca/x.py", "class A:\n  async def get_key(self): ...", "no get_"),
        ("src/directca/x.py", "def f():\n  import os", "import inside `f`"),
        ("tests/x.py", "def f():\n  if 1:\n    from os import path", "import inside `f`"),
        ("src/directca/x.py", "import importlib\nimportlib.import_module('os')", "hides an import"),
        ("src/directca/x.py", "import importlib\ndef f():\n  importlib.import_module('os')", "hides an import"),
        ("src/directca/x.py", "from os import path as path", "`path` is re-exported"),
        ("src/directca/x.py", "from os import *", "`*` is re-exported"),
        ("src/directca/x.py", "__all__ = ['a']", "`__all__`"),
        ("src/directca/pki/__init__.py", '"""A room."""\nfrom os import path', "other than one docstring"),
        ("src/directca/pki/__init__.py", "", "other than one docstring"),
        ("src/directca/x.py", "import datetime\ndatetime.datetime.now(None)", "time comes from clock.py"),
        ("src/directca/x.py", "from time import time\nimport time as t\ntime.time()", "time comes from clock.py"),
        ("src/directca/app.py", "import sys\nsys.exit(1)", "`sys.exit` outside of cli/"),
        ("src/directca/app.py", "raise SystemExit", "SystemExit outside of cli/"),
        (
            "src/directca/x.py",
            "a = threading.Lock()\nwith a:\n  with db.write() as tx: ...",
            "`write` is called with a lock held",
        ),
        (
            "src/directca/x.py",
            "class A:\n def f(self):\n  self._a = Lock() if 1 else RLock()\n  with self._a: g()\ndef g():\n with db.write(): ...",
            "`write` is called with a lock held",
        ),
    ],
)
def test_every_rule_sees_its_offence(path: str, text: str, finding: str) -> None:
    assert any(finding in found for found in findings(module(path, text)))


def test_no_late_import_is_stale_or_without_a_reason() -> None:
    needed = {(judged.path, function) for judged in modules() for _, function, _ in late_imports(judged)}
    for entry in exceptions("late"):
        assert len(entry["reason"]) > 20, f"{entry} needs a reason"
        assert (entry["file"], entry["function"]) in needed, f"{entry} is no longer needed"


def test_the_rules_accept_honest_code() -> None:
    text = '"""Why."""\n\nfrom os import path\n\n\ndef widget(clock):\n    return clock.now(), path\n'
    assert list(findings(module("src/directca/vetting/claims.py", text))) == []
