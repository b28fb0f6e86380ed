"""An authority's data folder, and the command line as an operator uses it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from directca.cli.context import DATABASE
from directca.cli.root import app
from directca.db.engine import Database
from directca.db.schema import metadata


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

    def refused(self, *arguments: object) -> str:
        """The one line that a refused command says, on standard error and nowhere else."""
        result = self.run(*arguments)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert "Traceback" not in result.stderr
        return result.stderr.strip()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "var").mkdir(mode=0o700)
    made = Database(tmp_path / "var" / DATABASE, synchronous="OFF")
    with made.write() as tx:
        metadata.create_all(tx)
    yield made
    made.close()


@pytest.fixture
def shell(database: Database) -> Shell:
    return Shell(database.path.parent)


@pytest.fixture
def account(shell: Shell) -> str:
    identifier: str = shell.json("account", "open", "Sandbox Clinic")["id"]
    return identifier


@pytest.fixture
def organization(shell: Shell, account: str) -> str:
    registered = shell.json(
        *("organization", "register", account, "Sandbox Clinic", "--state", "Vermont", "--locality", "Burlington"),
        *("--type", "CoveredEntity", "--type", "BusinessAssociate"),
    )
    identifier: str = registered["id"]
    return identifier
