"""`directca db copy`: the records move, the file is left as it was and used no more, and no failure leaves half a move."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bench.postgres import Postgres

from directca.cli.sole_server import sole_server
from directca.db import copying, moved
from directca.db.errors import CopyDiffers, DatabaseMoved
from directca.db.opening import open_database
from directca.settings import FILE
from tests.e2e.serving import eventually
from tests.live import ROOT
from tests.unit.cli.conftest import Shell

KILLED = """
import os, signal
from directca.cli import moving
from directca.cli.root import main
moving.moved.mark = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
main()
"""


@pytest.fixture
def target(postgresql: Postgres) -> str:
    return postgresql.new_owned_database()[1]


def tables(postgresql: Postgres, target: str) -> list[object]:
    statement = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    return [name for (name,) in postgresql.run(statement, target.rpartition("/")[2])]


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def settle_in(shell: Shell, target: str) -> None:
    """Change the settings as the command tells."""
    settings = shell.data / FILE
    settings.write_text(settings.read_text() + f'\n[storage]\ndatabase = "{target}"\n')


def test_an_authority_moves(shell: Shell, account: str, organization: str, target: str) -> None:
    file = shell.data / "directca.sqlite"
    journal = shell.json("journal", "verify")
    before = content(file)
    said = shell.json("db", "copy", target)
    assert content(file) == before
    assert said["journal_digest"] == journal["digest"]
    assert said["storage"] == {"database": target}
    rows = {one["name"]: one["rows"] for one in said["tables"]}
    assert (rows["authority"], rows["organization"], rows["journal"]) == (2, 1, journal["rows"])
    assert all(len(one["sha256"]) == 64 for one in said["tables"])

    assert "was moved to" in shell.refused("account", "list")
    assert shell.slug("db", "copy", target) == "database_moved"  # as after a crash before the command could say what it did
    settle_in(shell, target)
    assert [one["id"] for one in shell.json("account", "list")] == [account]
    assert [one["id"] for one in shell.json("organization", "list")] == [organization]
    assert shell.json("journal", "verify")["rows"] == journal["rows"] + 1
    last = shell.json("journal", "show", "--last", "1")[0]
    assert (last["kind"], last["detail"]["digest"]) == ("authority.moved", journal["digest"])
    assert {one["state"] for one in shell.json("crl", "make")} == {"fresh"}


def test_it_tells_what_to_set_and_the_way_back_is_to_remove_the_mark(shell: Shell, account: str, target: str) -> None:
    (shell.data / "secrets" / "db").write_text("of no use to a server that trusts\n")
    said = shell.run("db", "copy", target, "--password-file", "secrets/db")
    assert said.exit_code == 0, said.output
    assert f'[storage]\ndatabase = "{target}"\ndatabase_password_file = "secrets/db"\n' in said.stdout
    assert "Every row is the same in both" in said.stdout
    assert "If another one serves, name it there with its own password, add database_owner" in said.stdout
    mark = shell.data / "directca.sqlite-moved"
    assert str(mark) in shell.refused("account", "list")
    mark.unlink()
    assert [one["id"] for one in shell.json("account", "list")] == [account]


def test_a_file_that_moved_is_opened_by_nobody(tmp_path: Path) -> None:
    moved.mark(tmp_path / "directca.sqlite", "directca at db.example.org")
    with pytest.raises(DatabaseMoved, match=r"directca at db\.example\.org"):
        open_database(tmp_path / "directca.sqlite")
    assert not (tmp_path / "directca.sqlite").exists()


def test_a_target_that_holds_something_is_refused(shell: Shell, account: str, postgresql: Postgres, target: str) -> None:
    postgresql.run("CREATE TABLE of_somebody (x int)", target.rpartition("/")[2])
    assert shell.slug("db", "copy", target) == "copy_refused"
    assert [one["id"] for one in shell.json("account", "list")] == [account]


def test_a_running_server_keeps_it_off(shell: Shell, postgresql: Postgres, target: str) -> None:
    with sole_server(shell.data):
        assert shell.slug("db", "copy", target) == "folder_in_use"
    assert tables(postgresql, target) == []


def test_nobody_writes_meanwhile(shell: Shell, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compare, codes = copying.compare, []

    def compare_and_write(*arguments: object) -> object:
        words = ["account", "open", "Too late", "--data", str(shell.data)]
        environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}"}
        late = "from directca.db import engine; engine.BUSY_TIMEOUT_MS = 300; from directca.cli.root import main; main()"
        done = subprocess.run([sys.executable, "-c", late, *words], env=environment, capture_output=True, text=True, check=False)
        codes.append((done.returncode, "again" in done.stderr))
        return compare(*arguments)

    monkeypatch.setattr(copying, "compare", compare_and_write)
    shell.json("db", "copy", target)
    assert codes == [(1, True)]


def test_a_difference_keeps_the_file_alive(
    shell: Shell, account: str, postgresql: Postgres, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def different(*_: object) -> object:
        raise CopyDiffers("The row 1 of journal is not the same.")

    monkeypatch.setattr(copying, "compare", different)
    assert shell.slug("db", "copy", target) == "copy_differs"
    assert tables(postgresql, target) == []
    assert [one["id"] for one in shell.json("account", "list")] == [account]


def test_killed_at_the_end_it_leaves_an_empty_target(shell: Shell, postgresql: Postgres, target: str) -> None:
    environment = os.environ | {"DIRECTCA_DATA": str(shell.data), "PYTHONPATH": f"{ROOT / 'src'}"}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, "db", "copy", target], env=environment, capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    eventually(lambda: tables(postgresql, target) == [])
    assert shell.run("account", "list").exit_code == 0


def test_a_crash_after_the_mark_is_made_good_by_the_same_command(shell: Shell, target: str, postgresql: Postgres) -> None:
    other = postgresql.new_database()
    moved.mark(shell.data / "directca.sqlite", f"{target.rpartition('/')[2]} at 127.0.0.1")
    assert "was moved to" in shell.refused("account", "list")
    assert shell.slug("db", "copy", other) == "database_moved"
    shell.json("db", "copy", target)


@pytest.mark.parametrize("address", ["other.sqlite", "mysql://host/name", "postgresql://a:b@host/name"])
def test_a_target_that_is_no_server_is_refused(shell: Shell, address: str) -> None:
    assert shell.slug("db", "copy", address) == "bad_option"


def test_a_target_that_sorts_in_another_way_is_refused(shell: Shell, postgresql: Postgres) -> None:
    sorted_otherwise = postgresql.new_database(
        "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en' LOCALE 'C'"
    )
    assert "it sorts by" in shell.refused("db", "copy", sorted_otherwise)


def test_a_password_that_is_not_there_is_said(shell: Shell, target: str) -> None:
    assert shell.slug("db", "copy", target, "--password-file", "secrets/db") == "bad_settings"


def test_what_is_in_postgresql_already_is_not_copied(shell: Shell, target: str) -> None:
    settle_in(shell, target)
    assert shell.slug("db", "copy", target) == "copy_refused"
