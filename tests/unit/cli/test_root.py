"""The commands are shown without being loaded, and a process loads what the command that is called needs."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from directca.cli.root import PARTS, Part, app, loaded

HEAVY = ("fastapi", "jinja2", "uvicorn", "pkilint", "alembic", "psycopg")
"""What a command that neither serves nor signs does without."""


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_is_shown_by_the_words_that_it_says_of_itself(part: Part) -> None:
    assert loaded(part.name).help.partition("\n\n")[0].replace("\n", " ") == part.about
    assert loaded(part.name).name == part.name


def test_a_command_that_does_not_exist_is_refused_with_its_neighbour() -> None:
    refused = CliRunner().invoke(app, ["statsu"])
    assert refused.exit_code == 2
    assert "Did you mean 'status'?" in refused.output


@pytest.mark.parametrize("arguments", [["revoke", "--help"], ["account", "list", "--json"]], ids=" ".join)
def test_a_command_loads_no_more_than_it_needs(arguments: list[str], tmp_path: Path) -> None:
    script = (
        "import sys\n"
        f"sys.argv = ['directca', *{arguments!r}]\n"
        "from directca.__main__ import main\n"
        "try:\n    main()\n"
        "finally:\n    print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    variables = {"PATH": "", "DIRECTCA_DATA": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", script], env=variables, capture_output=True, text=True, check=False)
    known = next(line for line in ran.stdout.splitlines() if line.startswith("LOADED")).split()
    assert "sqlalchemy" in known
    assert [name for name in HEAVY if name in known] == []
