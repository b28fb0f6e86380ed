"""The repository as the gates see it: its files, its Python modules parsed once, and the list of exceptions."""

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from directca.cli.loading import loading

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = ROOT / "src" / "directca"
CODE = ("src", "tests", "bench", "demo", "faults", "docs")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file; `path` is relative to the repository."""

    path: str
    text: str
    tree: ast.Module

    @property
    def product(self) -> bool:
        """Whether it belongs to what users run, not to its tests."""
        return self.path.startswith("src/")

    def functions(self) -> Iterator[Function]:
        """Every function and method, also nested ones."""
        return (node for node in self.nodes if isinstance(node, Function))

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Everything in its tree, walked once for all that look."""
        return tuple(ast.walk(self.tree))


def module(path: str, text: str) -> Module:
    """A module from its text; this is how the tests of the gates make a guilty one."""
    return Module(path, text, ast.parse(text))


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the repository. Their trees stay: looking through them for garbage took three times the reading."""
    with loading():
        return tuple(
            module(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in files() if path.suffix == ".py"
        )


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, part of the repository."""
    return tuple(path for path in _listed() if path.is_file() and "__pycache__" not in path.parts)


@cache
def links() -> tuple[Path, ...]:
    """Every symbolic link among them, wherever it leads."""
    return tuple(path for path in _listed() if path.is_symlink())


@cache
def _listed() -> tuple[Path, ...]:
    # A checkout asks git, so that nobody's scratch files are judged; an unpacked archive has nothing else in these folders.
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
        ).stdout.decode()
        return tuple(sorted(ROOT / name for name in listed.split("\0") if name))
    return tuple(sorted(path for folder in CODE for path in (ROOT / folder).rglob("*") if "node_modules" not in path.parts))


@cache
def exceptions(kind: str) -> tuple[dict[str, Any], ...]:
    """The entries of one kind in tests/exceptions.toml."""
    return tuple(tomllib.loads((ROOT / "tests" / "exceptions.toml").read_text(encoding="utf-8")).get(kind, ()))
