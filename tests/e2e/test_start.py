"""Starting: what stands in the way is told in one line, what exists is used again, an interrupted first start is completed."""

import os
import random
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.api_tools import a_name, issued, operator
from tests.e2e.serving import SECONDS, command, eventually, group, has_ended, kill_group, serving, start, workers
from tests.live import free_port

MILESTONES = ("directca.toml", "directca.sqlite", "keys/root.pem", "keys/issuing.pem", "sandbox.json")
LONGEST_WAIT = 1.5


def refused(data: Path, *words: str, **environment: str) -> str:
    """The one line on standard error of a server that did not start."""
    ended = command(data, "serve", *(words or ("--port", str(free_port()))), **environment)
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr.strip()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        yield int(somebody.getsockname()[1])


def test_a_taken_port_is_told_before_anything_is_made(tmp_path: Path, taken: int) -> None:
    line = refused(tmp_path / "var", "--port", str(taken))
    assert line.startswith(f"Port {taken} is taken. Stop the program that uses it, or choose another: PORT=")
    assert not (tmp_path / "var").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    # Even root makes no folder in a file, nor in /proc.
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file" / "var", Path("/proc/directca")):
        assert refused(folder).startswith(f"The folder {folder} cannot be written: ")


def appended(text: str) -> Callable[[Path], None]:
    def act(data: Path) -> None:
        with (data / "directca.toml").open("a") as settings:
            settings.write(text)

    return act


def written(name: str, content: bytes) -> Callable[[Path], None]:
    def act(data: Path) -> None:
        (data / name).write_bytes(content)

    return act


def two(*harms: Callable[[Path], None]) -> Callable[[Path], None]:
    def act(data: Path) -> None:
        for harm in harms:
            harm(data)

    return act


def removed(name: str) -> Callable[[Path], None]:
    return lambda data: (data / name).unlink()


def holes(data: Path) -> None:
    """Every seventh page of the database is noise."""
    file = data / "directca.sqlite"
    content = bytearray(file.read_bytes())
    for page in range(2 * 4096, len(content), 7 * 4096):
        content[page : page + 4096] = os.urandom(4096)
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (appended("\n[limits]\ncolour = 1\n"), "There is no setting limits.colour. Remove it or correct its name."),
        (written("directca.toml", b"[server\n"), "is not TOML: "),
        (removed("secrets/key-passphrase"), "The passphrase of the keys is neither in DIRECTCA_PASSPHRASE nor in "),
        (written("secrets/key-passphrase", b"wrong\n"), "The passphrase does not open the key file "),
        (written("directca.sqlite", b"no database\n" * 999), "is damaged: restore it from a backup with `directca restore`."),
        (holes, "is damaged: restore it from a backup with `directca restore`."),
        (removed("keys/issuing.pem"), "issuing.pem cannot be read: No such file or directory. Restore it"),
        (
            two(appended('\n[storage]\ncompromised_keys = ["taken.txt"]\n'), written("taken.txt", b"a" * 40 + b"\n")),
            "Line 1 of the list of compromised keys in taken.txt is not 64 lower-case hex digits.",
        ),
        (lambda data: (data / "keys/issuing.pem").chmod(0o644), "can be reached by other users. Run: chmod 600 "),
    ],
    ids=["setting", "toml", "no passphrase", "wrong passphrase", "no database", "holes", "no key", "bad list", "open key"],
)
def test_what_is_broken_is_told_in_one_line(var: Path, harm: Callable[[Path], None], told: str) -> None:
    harm(var)
    assert told in refused(var)


def test_a_second_start_uses_what_the_first_one_made(var: Path) -> None:
    secrets = ("sandbox.json", "keys/root.pem", "keys/issuing.pem", "secrets/key-passphrase", "policy.toml", "directca.toml")
    port = free_port()
    with serving(var, port=port) as live, live.client() as api:
        first = {name: (var / name).read_bytes() for name in secrets}
        made = issued(api, a_name(live.first.direct_domain))
    with serving(var, port=port) as live, live.client() as api:
        assert {name: (var / name).read_bytes() for name in secrets} == first
        assert api("GET", f"/api/certificate/{made['identifier']}").json() == made


def test_a_second_server_on_the_folder_is_refused_and_changes_nothing(var: Path) -> None:
    with serving(var, "--workers", "2") as live, live.client() as api:
        facts = (var / "sandbox.json").read_bytes()
        assert refused(var) == (
            f"A running server uses the folder {var}. Stop that server, or give this one another folder with --data."
        )
        assert (var / "sandbox.json").read_bytes() == facts
        assert issued(api, a_name(live.first.direct_domain))["status"] == "issued"
        kinds = [one["kind"] for one in operator(live, "journal", "show", "--last", "1000")]
        assert kinds.count("authority.started") == 1 + kinds.count("authority.stopped")


def test_a_server_starts_at_once_where_another_was_killed(var: Path) -> None:
    with serving(var, "--workers", "2") as live:
        left = workers(live)
        for worker in left:  # they cannot end yet, as if they were busy
            os.kill(worker, signal.SIGSTOP)
        os.kill(live.process.pid, signal.SIGKILL)
        live.process.wait()
        with serving(var, "--workers", "2") as again, again.client() as api:
            assert set(left) <= set(group(live))
            assert issued(api, a_name(again.first.direct_domain))["status"] == "issued"


def test_what_a_running_server_keeps_is_private(tmp_path: Path) -> None:
    data = tmp_path / "var"
    with serving(data, "--workers", "1") as live, live.client() as api:
        issued(api, a_name(live.first.direct_domain))
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (data, *data.rglob("*"))}
        assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
        assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


def test_a_first_start_that_is_interrupted_again_and_again_is_completed_in_the_end(tmp_path: Path) -> None:
    data, moments = tmp_path / "var", random.Random(20261124)
    for milestone in MILESTONES:
        live = start(data, free_port())
        try:
            if (data / milestone).exists():  # an earlier try came so far: any moment will do
                time.sleep(moments.uniform(0, LONGEST_WAIT))
            eventually((data / milestone).exists)
        finally:
            kill_group(live)
        eventually(partial(has_ended, live), seconds=SECONDS)
    with serving(data) as live, live.client() as api:
        assert issued(api, a_name(live.first.direct_domain))["status"] == "issued"
        operator(live, "journal", "verify")
        operator(live, "account", "check")
        assert len(operator(live, "account", "list")) == 2
