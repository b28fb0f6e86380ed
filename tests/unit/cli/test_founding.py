"""An authority is made once, in a folder that can hold it; its switch, lists and settings answer at the command line."""

import os
import socket
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from directca import desk, rooms
from directca.cli import founding
from directca.cli.errors import FoundingRefused
from directca.cli.sole_server import sole_server
from directca.db import migrate
from directca.db.engine import Database
from directca.db.errors import SchemaBehind
from directca.issuance.found import AlreadyFounded
from directca.sections import SandboxSettings
from directca.settings import FILE, load
from directca.signing import file_keys
from directca.vetting.approval_config import ApprovalConfig
from tests.live import free_port
from tests.unit.cli.conftest import Shell


@pytest.fixture
def ready_keys(founded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The CA keys of the session instead of new ones, which take longest to make."""
    known = {name: file_keys.load(founded / "keys" / name, load(founded).passphrase()) for name in ("root.pem", "issuing.pem")}
    monkeypatch.setattr(file_keys, "create", lambda path, _passphrase, *, bits: known[path.name])


def test_the_folder_is_private(shell: Shell) -> None:
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in shell.data.rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


def test_nothing_can_be_read_by_others_at_any_moment_of_a_founding(
    tmp_path: Path, ready_keys: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, seen = tmp_path / "var", set[tuple[str, int]]()
    upgrade = migrate.upgrade

    def watched(database: Database) -> None:
        upgrade(database)
        with database.write():  # SQLite's own files and those of the turn are there now
            seen.update((path.name, stat.S_IMODE(path.stat().st_mode)) for path in data.rglob("*"))

    monkeypatch.setattr(desk.migrate, "upgrade", watched)
    before = os.umask(0)
    try:
        # Names that no certificate may have on this machine: the settings, the policy and the database are there by then.
        assert Shell(data).slug("init", "--organization", "Example Trust") == "founding_refused"
        (data / FILE).write_text((data / FILE).read_text().replace('party_url = ""', 'party_url = "http://pki.example.org"'))
        Shell(data).json("init", "--organization", "Example Trust")
        assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert {name for name, _ in seen} >= {f"directca.sqlite{end}" for end in ("", "-shm", "-wal", "-writer", "-writer-gate")}
    assert {mode for name, mode in seen if name not in {"keys", "secrets"}} == {0o600}
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.rglob("*"))}
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


def test_a_lost_database_is_not_replaced_by_an_empty_one(shell: Shell) -> None:
    (shell.data / "directca.sqlite").unlink()
    assert "restore a backup" in shell.refused("account", "list")
    assert not (shell.data / "directca.sqlite").exists()


def written(data: Path, content: str) -> Shell:
    """A data folder in which somebody has put settings, and nothing else."""
    data.mkdir()
    (data / FILE).write_text(content)
    return Shell(data)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "# mine\n[server]\nport = 8700",
        "[server]\nworkers = 1\n[passwords]\nmemory_kib = 64\n",
        '[server]\nhost = "::1"\npublic_url = "http://localhost:8600"\n',
        '[storage]\npolicy = "mine/policy.toml"\ndatabase = "db/ca.db"\n',
        '[prices]\ncurrency = "USD"\n[prices.address]\nissue = [1]\nrenew = [1]\n[prices.domain]\nissue = [1]\nrenew = [1]\n',
    ],
)
def test_settings_that_were_there_first_are_kept_and_get_a_sandbox(tmp_path: Path, ready_keys: None, content: str) -> None:
    shell = written(tmp_path / "var", content)
    before = load(shell.data)
    assert founding.unfinished(shell.data)
    founding.make(shell.data, founding.SANDBOX_NAMES, sandbox=True, port=8700)
    kept = (shell.data / FILE).read_text()
    assert kept.startswith(content)
    after = load(shell.data)
    alone = ApprovalConfig(deciders_bulk=1, deciders_ending=1, deciders_compromise=1)
    assert after == replace(before, server=after.server, sandbox=SandboxSettings(enabled=True), approvals=alone)
    assert after.server == (before.server if "[server]" in content else replace(before.server, port=8700))
    assert not founding.unfinished(shell.data)
    assert shell.json("account", "list") == []
    with pytest.raises(AlreadyFounded):
        founding.make(shell.data, founding.SANDBOX_NAMES, sandbox=True, port=8700)
    assert (shell.data / FILE).read_text() == kept


def test_settings_in_another_folder_are_completed_where_they_are(tmp_path: Path, ready_keys: None) -> None:
    shell = written(tmp_path / "var", "")
    own = tmp_path / "own.toml"
    own.write_text("[server]\nport = 8700\n")
    own.chmod(0o640)
    (shell.data / FILE).unlink()
    (shell.data / FILE).symlink_to(own)
    founding.make(shell.data, founding.SANDBOX_NAMES, sandbox=True, port=8700)
    assert (shell.data / FILE).is_symlink()
    assert own.read_text().startswith("[server]\nport = 8700\n")
    assert "enabled = true" in own.read_text()
    assert stat.S_IMODE(own.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    "content",
    [
        "[sandbox]\nenabled = false\n",
        "[sandbox]\n",
        '[server]\npublic_url = "https://ca.example.org"\n',
        '[server]\nrelying_party_url = "http://pki.example.org"\n',
        '[server]\nhost = "192.0.2.1"\npublic_url = "https://ca.example.org"\n',
    ],
)
def test_settings_that_are_meant_for_an_authority_get_no_sandbox(tmp_path: Path, content: str) -> None:
    shell = written(tmp_path / "var", content)
    assert not founding.unfinished(shell.data)
    for command in (("account", "list"), ("crl", "make")):
        told = shell.refused(*command)
        assert "directca init --data" in told
        assert "enabled = true under [sandbox]" in told
    assert [path.name for path in shell.data.iterdir()] == [FILE]
    assert (shell.data / FILE).read_text() == content


@pytest.mark.parametrize("left", ["policy.toml", "directca.sqlite", "keys/root.pem"])
def test_where_something_of_an_authority_is_left_no_sandbox_is_made(tmp_path: Path, left: str) -> None:
    shell = written(tmp_path / "var", "[server]\nport = 8700\n")
    (shell.data / left).parent.mkdir(exist_ok=True)
    (shell.data / left).write_bytes(b"")
    assert not founding.unfinished(shell.data)


def test_a_sandboxs_settings_make_no_authority(tmp_path: Path) -> None:
    shell = written(tmp_path / "var", "[sandbox]\nenabled = true\n")
    assert shell.slug("init", "--organization", "Example") == "bad_settings"
    assert [path.name for path in shell.data.iterdir()] == [FILE]


def test_what_no_certificate_may_say_is_told_in_one_line_and_can_be_corrected(tmp_path: Path, ready_keys: None) -> None:
    content = '[server]\nrelying_party_url = "http://localhost:8600"\n'
    shell = written(tmp_path / "var", content)
    with pytest.raises(
        FoundingRefused, match=r"localhost.* Correct server\.relying_party_url in .*directca\.toml, or the policy"
    ):
        founding.make(shell.data, founding.SANDBOX_NAMES, sandbox=True, port=8600)
    (shell.data / FILE).write_text((shell.data / FILE).read_text().replace("localhost", "127.0.0.1"))
    assert founding.unfinished(shell.data)
    founding.make(shell.data, founding.SANDBOX_NAMES, sandbox=True, port=8600)
    assert not founding.unfinished(shell.data)


def test_an_authority_is_made_with_settings_that_were_there_first(tmp_path: Path, ready_keys: None) -> None:
    content = '[server]\npublic_url = "https://ca.example.org"\nrelying_party_url = "http://pki.example.org"\n'
    shell = written(tmp_path / "var", content)
    assert shell.json("init", "--organization", "Example Trust")["root"] == "Example Trust Direct Root CA"
    assert (shell.data / FILE).read_text() == content
    assert shell.json("account", "list") == []


@pytest.mark.parametrize("country", ["XX", "us", "UK", "USA"])
def test_an_authority_is_founded_in_a_country_that_there_is(tmp_path: Path, country: str) -> None:
    shell = Shell(tmp_path / "var")
    assert shell.slug("init", "--organization", "Example Trust", "--country", country) == "bad_option"
    assert not shell.data.exists()


@pytest.mark.parametrize(
    ("said", "asked"), [('public_url = "https://ca.example.org"\n', False), ("", True)], ids=["with public_url", "without"]
)
def test_whoever_has_set_public_url_is_not_told_to(tmp_path: Path, ready_keys: None, said: str, asked: bool) -> None:
    shell = written(tmp_path / "var", f'[server]\n{said}relying_party_url = "http://pki.example.org"\n')
    done = shell.run("init", "--organization", "Example Trust")
    assert (done.exit_code, "Set public_url" in done.output, "directca serve" in done.output) == (0, asked, True)


def test_an_authority_wants_a_second_pair_of_eyes_and_a_sandbox_one_person(
    tmp_path: Path, ready_keys: None, shell: Shell
) -> None:
    made = written(tmp_path / "another", "")
    (made.data / FILE).unlink()
    assert (
        made.slug("init", "--organization", "Example Trust") == "founding_refused"
    )  # of its names alone; the settings are there
    wanted = [load(one.data).approvals for one in (made, shell)]
    assert [(one.deciders_bulk, one.deciders_ending, one.deciders_compromise) for one in wanted] == [(2, 2, 2), (1, 1, 1)]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("[sandbox]\nenabled = true\n", (1, 1, 1)),
        ("[sandbox]\nenabled = true\n[approvals]\nreview_days = 90\ndeciders_bulk = 3\n", (3, 1, 1)),
        ("[sandbox]\nenabled = false\n", (2, 2, 2)),
        ("[approvals]\nreview_days = 90\n", (2, 2, 2)),
    ],
)
def test_a_sandbox_whose_settings_are_older_wants_one_person_too(
    tmp_path: Path, content: str, wanted: tuple[int, int, int]
) -> None:
    found = load(written(tmp_path / "var", content).data).approvals
    assert (found.deciders_bulk, found.deciders_ending, found.deciders_compromise) == wanted


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


def test_a_start_that_is_refused_lets_nobody_in(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    port, refused = free_port(), []

    def refuse(*_: object, **__: object) -> object:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        refused.append(port)
        raise SchemaBehind("The tables are of an older form.")

    monkeypatch.setattr(rooms, "open_authority", refuse)
    assert shell.slug("serve", "--port", port) == "schema_behind"
    assert refused == [port]


@pytest.mark.parametrize("port", [-1, 0, 65_536, 99_999, 2**70])
def test_what_is_no_port_is_told_in_one_line_and_makes_nothing(tmp_path: Path, port: int) -> None:
    shell = Shell(tmp_path / "var")
    assert shell.refused("serve", "--port", port).endswith(f"The port must be 1 to 65535, not {port}. Choose another: PORT=8600")
    assert shell.slug("serve", "--port", port) == "bad_option"
    assert not shell.data.exists()


def test_a_folder_has_one_server(shell: Shell) -> None:
    before = {path: path.read_bytes() for path in shell.data.rglob("*") if path.is_file()}
    with sole_server(shell.data):
        assert f"A running server uses the folder {shell.data}." in shell.refused("serve", "--port", free_port())
        assert shell.slug("serve", "--port", free_port()) == "folder_in_use"
        assert shell.json("account", "list") == []
    assert {path: path.read_bytes() for path in before} == before
    with sole_server(shell.data):
        pass


def test_a_child_does_not_keep_the_folder_from_the_next_server(shell: Shell) -> None:
    ours, childs = socket.socketpair()
    with sole_server(shell.data):
        child = os.fork()
        if child == 0:
            ours.close()
            childs.send(b".")
            childs.recv(1)
            os._exit(0)
        childs.close()
        ours.recv(1)
    try:  # the child lives on, as a worker that finishes its work
        with sole_server(shell.data):
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
    finally:
        ours.close()
        os.waitpid(child, 0)


def test_a_child_that_ends_does_not_give_the_folder_away(shell: Shell) -> None:
    with sole_server(shell.data):
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
        assert shell.slug("serve", "--port", free_port()) == "folder_in_use"


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
