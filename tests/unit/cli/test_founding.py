"""An authority is made once, in a folder that can hold it; its switch, lists and settings answer at the command line."""

import socket
import stat
from pathlib import Path

import pytest

from directca.db.engine import Database
from tests.unit.cli.conftest import Shell


def test_the_folder_is_private(shell: Shell) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in shell.data.rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


def test_an_authority_is_not_made_over_another(shell: Shell) -> None:
    keys = {path.name: path.read_bytes() for path in (shell.data / "keys").iterdir()}
    assert shell.slug("init", "--organization", "Another") == "already_founded"
    assert {path.name: path.read_bytes() for path in (shell.data / "keys").iterdir()} == keys


def test_a_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shell = Shell(tmp_path / "file" / "var")
    assert "cannot be written" in shell.refused("init", "--organization", "Example")
    assert shell.slug("init", "--organization", "Example") == "folder_unusable"


def test_a_folder_without_settings_is_told_how_to_get_them(tmp_path: Path) -> None:
    assert "directca init" in Shell(tmp_path).refused("account", "list")
    assert Shell(tmp_path).slug("account", "list") == "bad_settings"


def test_a_folder_without_its_authority_signs_nothing(shell: Shell) -> None:
    (shell.data / "directca.sqlite").unlink()
    assert shell.slug("crl", "make") == "not_founded"


def test_a_damaged_database_serves_nobody(shell: Shell) -> None:
    (shell.data / "directca.sqlite").write_bytes(b"no database at all, whatever its name" * 200)
    assert shell.slug("account", "list") == "database_unusable"


def test_a_wrong_passphrase_is_told_in_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTCA_PASSPHRASE", "not the one")
    assert shell.slug("crl", "make") == "wrong_passphrase"


def test_a_taken_port_is_told_in_one_line(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert shell.slug("serve", "--port", port) == "port_taken"
        assert f"Port {port} is taken" in shell.refused("serve", "--port", port)


def test_lists_are_made_with_rising_numbers_and_shown(shell: Shell) -> None:
    assert {one["state"] for one in shell.json("crl", "show")} == {"none"}
    first = {one["authority"]: one["number"] for one in shell.json("crl", "make")}
    second = {one["authority"]: one["number"] for one in shell.json("crl", "make")}
    assert set(first) == {"root", "issuing"}
    assert all(second[name] > first[name] for name in first)
    assert {one["authority"]: one["number"] for one in shell.json("crl", "show")} == second


def test_the_switch_stops_signatures_until_it_is_turned_back(shell: Shell, database: Database) -> None:
    assert shell.json("stop-signing", "--reason", "drill")["signing"] == "stopped"
    assert shell.slug("crl", "make") == "signing_stopped"
    assert shell.json("resume-signing", "--reason", "drill over")["signing"] == "allowed"
    assert {one["state"] for one in shell.json("crl", "make")} == {"fresh"}
    kinds = [one["kind"] for one in shell.json("journal", "show")]
    assert [kind for kind in kinds if kind in {"signing.stopped", "signing.resumed"}] == ["signing.stopped", "signing.resumed"]


def test_an_authority_at_rest_has_nothing_to_settle(shell: Shell) -> None:
    assert shell.json("reconcile") == {"settled": []}
