"""A backup taken while others write is one consistent moment; a restore trusts nothing of the file."""

import hashlib
import io
import json
import stat
import tarfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from directca.cli import archive
from directca.cli.errors import BackupTargetTaken, BackupUnsound
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase
from directca.journal.model import Event
from directca.journal.record import append
from directca.journal.verify import verify
from directca.settings import FILE, load
from tests.unit.cli.conftest import Shell

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def restored(backup: Path, data: Path, aside: Path | None = None) -> archive.Manifest:
    return archive.restore(backup, data, aside=aside)


def test_what_was_backed_up_comes_back(shell: Shell, account: str, tmp_path: Path) -> None:
    said = shell.json("backup", tmp_path / "b.tar")
    assert said["files"] == 6
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    shell.json("account", "open", "Opened after the backup")
    other = Shell(tmp_path / "other")
    assert other.json("restore", tmp_path / "b.tar")["journal_digest"] == said["journal_digest"]
    assert [one["id"] for one in other.json("account", "list")] == [account]
    for name in ("issuing.pem", "root.pem"):
        assert (other.data / "keys" / name).read_bytes() == (shell.data / "keys" / name).read_bytes()
    assert other.json("journal", "verify")["rows"] == said["journal_rows"]


def test_everything_restored_is_private(shell: Shell, tmp_path: Path) -> None:
    shell.json("backup", tmp_path / "b.tar")
    restored(tmp_path / "b.tar", tmp_path / "other")
    found = [tmp_path / "other", *(tmp_path / "other").rglob("*")]
    modes = {path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in found}
    assert modes == {
        "other": 0o700,
        "other/directca.sqlite": 0o600,
        "other/directca.toml": 0o600,
        "other/keys": 0o700,
        "other/keys/issuing.pem": 0o600,
        "other/keys/root.pem": 0o600,
        "other/policy.toml": 0o600,
        "other/secrets": 0o700,
        "other/secrets/key-passphrase": 0o600,
    }


def test_a_restored_authority_signs(shell: Shell, tmp_path: Path) -> None:
    shell.json("backup", tmp_path / "b.tar")
    other = Shell(tmp_path / "other")
    other.json("restore", tmp_path / "b.tar")
    assert {one["state"] for one in other.json("crl", "make")} == {"fresh"}


def test_outside_a_sandbox_the_passphrase_stays_out_unless_asked_for(shell: Shell, tmp_path: Path) -> None:
    settings = shell.data / FILE
    settings.write_text(settings.read_text().replace("enabled = true", "enabled = false"))
    assert "keep it elsewhere" in shell.run("backup", tmp_path / "without.tar").stdout
    shell.json("backup", tmp_path / "with.tar", "--with-passphrase")
    passphrase = load(shell.data).passphrase()
    assert passphrase not in (tmp_path / "without.tar").read_bytes()
    assert passphrase in (tmp_path / "with.tar").read_bytes()
    restored(tmp_path / "without.tar", tmp_path / "other")
    assert "Put it in one of them" in Shell(tmp_path / "other").refused("crl", "make")


def test_a_key_outside_of_the_folder_is_told_not_left_out(shell: Shell, tmp_path: Path) -> None:
    (shell.data / "keys").rename(tmp_path / "keys")
    with (shell.data / FILE).open("a") as settings:
        settings.write(f'[storage]\nkeys = "{tmp_path / "keys"}"\n')
    assert "lies outside" in shell.refused("backup", tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()


def test_a_backup_while_others_write_is_one_moment(database: Database, shell: Shell, tmp_path: Path) -> None:
    stop, wrote = threading.Event(), threading.Semaphore(0)

    def write() -> None:
        while not stop.is_set():
            with database.write() as tx:
                append(tx, Event("thing.made", "operator:ann", "thing:1"), at=NOON)
            wrote.release()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert wrote.acquire(timeout=10)
        first = archive.write(shell.data, database, tmp_path / "1.tar", NOON)
        while wrote.acquire(blocking=False):
            pass  # what was written before the first backup had ended
        assert wrote.acquire(timeout=10)
        second = archive.write(shell.data, database, tmp_path / "2.tar", NOON)
    finally:
        stop.set()
        writer.join()
    assert second.journal_rows > first.journal_rows
    for backup, manifest in ((tmp_path / "1.tar", first), (tmp_path / "2.tar", second)):
        folder = tmp_path / backup.stem
        restored(backup, folder)
        copy = SqliteDatabase(folder / "directca.sqlite")
        with copy.read() as tx:
            verdict = verify(tx)
        copy.close()
        assert (verdict.rows, verdict.digest, verdict.problems) == (manifest.journal_rows, manifest.journal_digest, ())


def test_an_existing_file_is_never_overwritten(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    assert "exists already" in shell.refused("backup", tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "mine"


def test_a_broken_journal_is_not_called_a_backup(shell: Shell, account: str, database: Database, tmp_path: Path) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE journal SET actor = 'operator:eve'"))
    assert "row 1 was altered" in shell.refused("backup", tmp_path / "b.tar")
    assert "row 1 was altered" in shell.refused("journal", "verify")
    assert shell.slug("journal", "verify") == "journal_broken"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["var"]


def test_a_symbolic_link_is_not_followed(shell: Shell, tmp_path: Path) -> None:
    (shell.data / "link").symlink_to("/etc/hostname")
    assert "symbolic link" in shell.refused("backup", tmp_path / "b.tar")


def test_a_folder_in_use_is_refused_and_with_force_set_aside(shell: Shell, account: str, tmp_path: Path) -> None:
    shell.json("backup", tmp_path / "b.tar")
    shell.json("account", "open", "Later")
    assert "not empty" in shell.refused("restore", tmp_path / "b.tar")
    assert len(shell.json("account", "list")) == 2
    shell.json("restore", tmp_path / "b.tar", "--force")
    assert len(shell.json("account", "list")) == 1
    aside = next(tmp_path.glob("var.before-restore-*"))
    assert len(Shell(aside).json("account", "list")) == 2


def test_an_empty_folder_is_filled(shell: Shell, account: str, tmp_path: Path) -> None:
    shell.json("backup", tmp_path / "b.tar")
    (tmp_path / "empty").mkdir()
    restored(tmp_path / "b.tar", tmp_path / "empty")
    assert Shell(tmp_path / "empty").json("account", "list")


Members = list[tuple[tarfile.TarInfo, bytes]]


def rewritten(backup: Path, change: Callable[[Members], None]) -> Path:
    """The archive after somebody worked on it."""
    with tarfile.open(backup) as tar:
        members: Members = []
        for entry in tar:
            content = tar.extractfile(entry)
            members.append((entry, b"" if content is None else content.read()))
    change(members)
    target = backup.with_name("changed.tar")
    with tarfile.open(target, "w") as tar:
        for entry, data in members:
            entry.size = len(data) if entry.isreg() else 0
            tar.addfile(entry, io.BytesIO(data))
    return target


def _alter_manifest(**changes: Any) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        manifest = json.loads(members[0][1]) | changes
        members[0] = (members[0][0], json.dumps(manifest).encode())

    return change


def _flip_a_byte(members: Members) -> None:
    entry, data = members[1]
    members[1] = (entry, bytes([data[0] ^ 1]) + data[1:])


def _drop_last(members: Members) -> None:
    members.pop()


def _drop_manifest(members: Members) -> None:
    members.pop(0)


def _add_unnamed(members: Members) -> None:
    members.append((tarfile.TarInfo("data/extra"), b"x"))


def _add_twice(members: Members) -> None:
    members.append((tarfile.TarInfo(members[1][0].name), members[1][1]))


def _make_link(members: Members) -> None:
    entry = tarfile.TarInfo(members[1][0].name)
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    members[1] = (entry, b"")


def _escape(path: str) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        content = b"owned"
        manifest = json.loads(members[0][1])
        manifest["members"].append({"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        members[0] = (members[0][0], json.dumps(manifest).encode())
        members.append((tarfile.TarInfo(f"data/{path}"), content))

    return change


@pytest.mark.parametrize(
    "change",
    [
        _flip_a_byte,
        _drop_last,
        _drop_manifest,
        _add_unnamed,
        _add_twice,
        _make_link,
        _escape("../owned"),
        _escape("/tmp/owned-by-a-backup"),
        _escape("keys/../../owned"),
        _alter_manifest(format="directca-backup-9"),
        _alter_manifest(journal_rows=99),
        _alter_manifest(journal_digest="0" * 64),
        _alter_manifest(members=[]),
        _alter_manifest(database="../directca.sqlite"),
        _alter_manifest(database="absent.sqlite"),
        _alter_manifest(members="x"),
    ],
)
def test_a_file_that_was_worked_on_restores_nothing(
    shell: Shell, account: str, tmp_path: Path, change: Callable[[Members], None]
) -> None:
    shell.json("backup", tmp_path / "b.tar")
    changed = rewritten(tmp_path / "b.tar", change)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(BackupUnsound):
        restored(changed, tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("content", [b"", b"not a tar file" * 100, bytes(10_240)])
def test_what_is_no_backup_restores_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(BackupUnsound):
        restored(tmp_path / "b.tar", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_truncated_backup_restores_nothing(shell: Shell, account: str, tmp_path: Path) -> None:
    shell.json("backup", tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BackupUnsound):
        restored(tmp_path / "b.tar", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_file_where_the_folder_should_go_is_refused(shell: Shell, tmp_path: Path) -> None:
    shell.json("backup", tmp_path / "b.tar")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BackupTargetTaken):
        restored(tmp_path / "b.tar", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
