"""Other people's gates: the formatter, the linter, the type checker."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import CODE, ROOT

FOLDERS = [folder for folder in CODE if (ROOT / folder).is_dir()]


def run(*command: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a tool of the environment that runs the tests."""
    return subprocess.run([sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command", [("ruff", "format", "--check", *FOLDERS), ("ruff", "check", *FOLDERS), ("mypy",)], ids=["format", "lint", "types"]
)
def test_there_is_nothing_to_say(command: tuple[str, ...]) -> None:
    ran = run(*command)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("x = {  'a':1}\n", ("ruff", "format", "--check")),
        ("import os\n", ("ruff", "check")),
        ("print('x')\n", ("ruff", "check")),
        ('"""A file."""\n\n\ndef f(x):\n    return x\n', ("mypy", "--strict")),
    ],
    ids=["format", "unused", "print", "untyped"],
)
def test_the_tools_see_an_offence(tmp_path: Path, text: str, command: tuple[str, ...]) -> None:
    spoilt = tmp_path / "offence.py"
    spoilt.write_text(text)
    config = ("--config-file" if command[0] == "mypy" else "--config", str(ROOT / "pyproject.toml"))
    mypy_only = ("--no-incremental",) if command[0] == "mypy" else ()
    ran = run(*command, *config, *mypy_only, str(spoilt), cwd=tmp_path)
    assert ran.returncode == 1, ran.stdout + ran.stderr


def test_every_excuse_on_a_line_has_its_reason() -> None:
    """`noqa` and `type: ignore` name their rule and say why."""
    silent: list[str] = []
    for path in (ROOT / "src").rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            for mark in ("# no" + "qa", "# type: ig" + "nore"):
                excuse = line.partition(mark)[2]
                if mark in line and len(excuse.split()) < 4:
                    silent.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not silent, "\n".join(silent)
