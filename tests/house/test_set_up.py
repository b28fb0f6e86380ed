"""`make` and tools/set-up: what they say when they cannot go on, and that the list of commands is whole."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.sources import ROOT

TOOLS = ("sh", "dirname", "cat", "cksum", "tr", "env", "ls", "rm", "mkdir", "flock")


def set_up(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run tools/set-up with nothing but what is given."""
    clean = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | environment
    return subprocess.run([ROOT / "tools" / "set-up", *words], env=clean, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder of commands as a small system has it, without any Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, f"{name} belongs to every Debian"
        (folder / name).symlink_to(found)
    return folder


def test_without_python_one_line_says_what_to_install(bare_path: Path, tmp_path: Path) -> None:
    ran = set_up("serve", PATH=str(bare_path), VENV=str(tmp_path / "venv"))
    assert ran.returncode == 1
    assert re.fullmatch(r"directca: Python 3\.11 or later is needed \(there is none here\)\. .*apt install .*\n", ran.stderr)
    assert not (tmp_path / "venv").exists()


def test_an_old_python_is_named_and_not_used(bare_path: Path, tmp_path: Path) -> None:
    # What Ubuntu 22.04 has: it answers which version it is, and fails the comparison.
    old = bare_path / "python3"
    old.write_text('#!/bin/sh\ncase $2 in *platform*) echo "python3 is 3.10.12" ;; *) exit 1 ;; esac\n')
    old.chmod(0o755)
    ran = set_up("serve", PATH=str(bare_path), VENV=str(tmp_path / "venv"))
    assert ran.returncode == 1
    assert len(ran.stderr.splitlines()) == 1
    assert "(python3 is 3.10.12)" in ran.stderr


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("three years")
    ran = set_up("serve", VENV=str(tmp_path))
    assert ran.returncode == 1
    assert re.fullmatch(r"directca: .* is not a virtual environment; choose another folder with VENV=\n", ran.stderr)
    assert (tmp_path / "thesis.txt").read_text() == "three years"


def test_an_unknown_wish_is_refused() -> None:
    ran = set_up("everything")
    assert (ran.returncode, ran.stderr) == (1, "directca: tools/set-up serve, or tools/set-up test\n")


def test_help_lists_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    ran = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^  make (\w+) +\S", ran.stdout, flags=re.MULTILINE)) == set(phony.split())
