"""Whoever started the server is told how far it is, if they asked; and nothing that they do keeps it from serving."""

import socket
from contextlib import closing, suppress
from pathlib import Path

import pytest

from directca.cli import service_manager
from directca.cli.service_manager import READY, STOPPING, tell


@pytest.mark.parametrize("abstract", [False, True])
def test_a_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool) -> None:
    path = str(tmp_path / "notify")
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(f"\0{path}" if abstract else path)
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{path}" if abstract else path)
        tell(READY)
        tell(STOPPING)
        assert [manager.recv(100), manager.recv(100)] == [b"READY=1", b"STOPPING=1"]


def test_a_manager_that_is_gone_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    tell(READY)
    assert "the service manager cannot be told" in "".join(capsys.readouterr())


def test_nobody_is_told_who_did_not_ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell(READY)
    assert capsys.readouterr() == ("", "")


def test_a_manager_that_takes_nothing_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(tmp_path / "notify")
    monkeypatch.setattr(service_manager, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager, closing(_full(manager, path)):
        tell(READY)
    assert "the service manager cannot be told" in "".join(capsys.readouterr())


def _full(manager: socket.socket, path: str) -> socket.socket:
    """Whoever has said as much to a manager as it has room for."""
    manager.bind(path)
    others = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    others.connect(path)
    others.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            others.send(b"STATUS=busy")
    return others
