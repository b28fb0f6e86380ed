"""An authority's data folder, and the command line as an operator uses it."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import typer.testing
from typer.testing import CliRunner, Result

from directca.cli import founding
from directca.cli.root import app
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase
from directca.settings import FILE, load

# Two RSA-3072 keys are made for the session; the hashes of passwords are made cheap.
QUICK_PASSWORDS = "\n[passwords]\nmemory_kib = 64\npasses = 1\n"


@dataclass(frozen=True)
class Shell:
    """Runs `directca …` on one data folder."""

    data: Path

    def run(self, *arguments: object, typed: str | None = None) -> Result:
        """What the command did."""
        environment = {"DIRECTCA_DATA": str(self.data), "COLUMNS": "200"}
        return CliRunner().invoke(app, [str(one) for one in arguments], input=typed, env=environment)

    def json(self, *arguments: object) -> Any:
        """What a command that works prints for scripts."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def slug(self, *arguments: object) -> str:
        """The code of a refusal, as scripts read it."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 1, result.output
        slug: str = json.loads(result.stderr)["error"]
        return slug

    def refused(self, *arguments: object) -> str:
        """The one line that a refused command says, on standard error and nowhere else."""
        result = self.run(*arguments)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert "Traceback" not in result.stderr
        return result.stderr.strip()


@pytest.fixture(scope="session", autouse=True)
def one_tree_of_commands() -> Iterator[None]:
    """Typer would build all commands anew for each run, which takes longer than most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `serve` has made the authority of a sandbox; not to be changed."""
    folder = tmp_path_factory.mktemp("founded") / "var"
    founding.make(folder, founding.SANDBOX_NAMES, sandbox=True, port=8600)
    with (folder / FILE).open("a") as settings:
        settings.write(QUICK_PASSWORDS)
    return folder


@pytest.fixture
def shell(founded: Path, tmp_path: Path) -> Shell:
    data = tmp_path / "var"
    shutil.copytree(founded, data)
    return Shell(data)


@pytest.fixture
def database(shell: Shell) -> Iterator[Database]:
    opened = SqliteDatabase(load(shell.data).database, synchronous="OFF")
    yield opened
    opened.close()


@pytest.fixture
def account(shell: Shell) -> str:
    identifier: str = shell.json("account", "open", "Example Clinic")["id"]
    return identifier


@pytest.fixture
def organization(shell: Shell, account: str) -> str:
    registered = shell.json(
        *("organization", "register", account, "Example Clinic", "--state", "Vermont", "--locality", "Burlington"),
        *("--type", "CoveredEntity", "--type", "BusinessAssociate"),
    )
    identifier: str = registered["id"]
    return identifier
