"""One file that holds a whole authority: the database at one consistent moment, the encrypted keys, the configuration.

It is a tar file whose first member, `manifest.json`, names every other one with its size and SHA-256. Writing it copies the
database first and the other files after it: a key made in between is then in the archive without use, never missing. Nothing is
called a backup before the copy was checked: the database's structure and the journal's chain. What the caller leaves out, the
passphrase of the keys as a rule, is not in it: who finds the file can then not sign.

Reading trusts nothing: only members that the manifest names, only plain files below the folder, only with the right digest.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from directca.certificates import listing
from directca.cli.errors import BackupTargetTaken, BackupUnsound
from directca.clock import SystemClock, rfc3339
from directca.db.errors import DatabaseUnusable
from directca.db.sqlite import SqliteDatabase
from directca.journal.verify import verify_founded

FORMAT: Final = "directca-backup-1"
MANIFEST: Final = "manifest.json"
_MANIFEST_MAXIMUM: Final = 8 << 20
_CHUNK: Final = 1 << 20
_DATABASE_ASIDES: Final = ("-wal", "-shm", "-journal", "-writer", "-writer-gate", "-moved")


@dataclass(frozen=True)
class Member:
    """One file of the archive, by its path below the data folder."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself. `journal_rows` and `journal_digest` tell how far the journal had come."""

    format: str
    created_ts: str
    database: str
    journal_digest: str
    journal_rows: int
    members: tuple[Member, ...]


def write(data: Path, database: SqliteDatabase, target: Path, at: datetime, leave_out: frozenset[Path] = frozenset()) -> Manifest:
    """Back up a data folder, without the files to leave out, while others go on working in it.

    Raises BackupTargetTaken if `target` exists, BackupUnsound if the copy does not hold: then there is no file either.
    """
    if target.exists():
        raise BackupTargetTaken(f"{target} exists already. Give a new file name.")
    with _work_folder(target) as work:
        copy = work / database.path.name
        database.backup(copy)
        rows, digest = _checked(copy)
        sources = {_relative(database.path, data): copy}
        sources |= {_relative(path, data): path for path in _files(data, besides=database.path, leave_out=leave_out)}
        members = tuple(_measured(path, source) for path, source in sorted(sources.items()))
        manifest = Manifest(FORMAT, rfc3339(at), _relative(database.path, data), digest, rows, members)
        finished = work / "backup.tar"
        _pack(finished, manifest, sources)
        # Only a whole archive ever carries the name; link() refuses if somebody took it meanwhile.
        try:
            os.link(finished, target)
        except FileExistsError as error:
            raise BackupTargetTaken(f"{target} exists already. Give a new file name.") from error
    _sync_folder(target.parent)
    return manifest


def restore(source: Path, data: Path, *, aside: Path | None) -> Manifest:
    """Make a data folder from an archive; everything is checked before the folder gets its name.

    A folder that holds something is refused, unless `aside` says where to move it. Raises BackupTargetTaken, BackupUnsound.
    """
    taken = data.exists() and (not data.is_dir() or any(data.iterdir()))
    if taken and aside is None:
        raise BackupTargetTaken(f"{data} is not empty. Stop the server and give --force to set it aside, or give another folder.")
    with _work_folder(data) as work:
        made = work / "restored"
        made.mkdir(mode=0o700)
        manifest = _unpack(source, made)
        rows, digest = _checked(made / _safe(source, manifest.database))
        if (rows, digest) != (manifest.journal_rows, manifest.journal_digest):
            raise BackupUnsound(f"{source} holds another journal than its manifest says. Use another backup.")
        _want_new_crls(made / _safe(source, manifest.database))
        if taken and aside is not None:
            data.rename(aside)
        elif data.exists():
            data.rmdir()
        made.rename(data)
    _sync_folder(data.parent)
    return manifest


def _want_new_crls(path: Path) -> None:
    """Make every CRL due: lists newer than the backup's may have been published, and none may go back to an older one."""
    database = SqliteDatabase(path)
    try:
        with database.write() as tx:
            listing.want_new(tx, SystemClock().now())
    finally:
        database.close()
        for suffix in ("-writer", "-writer-gate"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def check_inside(path: Path, data: Path) -> None:
    """Raise BackupUnsound for a file or folder that a backup of the data folder would lack."""
    _relative(path, data)


def _files(data: Path, *, besides: Path, leave_out: frozenset[Path]) -> Iterator[Path]:
    skipped = {besides.name, *(besides.name + suffix for suffix in _DATABASE_ASIDES)}
    for path in sorted(data.rglob("*")):
        if (path.parent == besides.parent and path.name in skipped) or path in leave_out:
            continue
        if path.is_symlink():
            raise BackupUnsound(f"{path} is a symbolic link; a backup holds plain files only. Replace it with what it points to.")
        if path.is_file():
            yield path


def _relative(path: Path, data: Path) -> str:
    try:
        return path.resolve().relative_to(data.resolve()).as_posix()
    except ValueError as error:
        raise BackupUnsound(f"{path} lies outside of {data}, so a backup would lack it. Move it there.") from error


def _measured(path: str, source: Path) -> Member:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Member(path, size, digest.hexdigest())


def _checked(path: Path) -> tuple[int, str]:
    """Rows and last digest of the journal in a database whose structure and journal hold. Raises BackupUnsound."""
    if not path.is_file():
        raise BackupUnsound("The backup holds no database. Use another one.")
    try:
        database = SqliteDatabase(path)
        try:
            database.check()
            with database.read() as tx:
                verdict = verify_founded(tx)
        finally:
            database.close()
    except DatabaseUnusable as error:
        raise BackupUnsound("The copy of the database is damaged. Use another backup.") from error
    for suffix in _DATABASE_ASIDES:  # looking at it leaves nothing that would have to be kept with it
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if verdict.problems:
        raise BackupUnsound(f"The journal in the database does not hold: {'; '.join(verdict.problems)}.")
    return verdict.rows, verdict.digest


def _pack(finished: Path, manifest: Manifest, sources: dict[str, Path]) -> None:
    descriptor = os.open(finished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            text = json.dumps(asdict(manifest), indent=2).encode("utf-8")
            _add(tar, MANIFEST, len(text), _Bytes(text))
            for member in manifest.members:
                with sources[member.path].open("rb") as content:
                    # A file that grew since it was measured is cut to the measure; one that shrank fails here.
                    _add(tar, f"data/{member.path}", member.size, content)
        file.flush()
        os.fsync(file.fileno())


def _add(tar: tarfile.TarFile, name: str, size: int, content: Any) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    try:
        tar.addfile(entry, content)
    except OSError as error:
        raise BackupUnsound("A file changed while it was copied. Try again.") from error


class _Bytes:
    """Bytes that tarfile can read."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    def read(self, size: int) -> bytes:
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _unpack(source: Path, made: Path) -> Manifest:
    try:
        with tarfile.open(source, mode="r:") as tar:
            entries = iter(tar)
            manifest = _read_manifest(source, tar, next(entries, None))
            expected = {f"data/{member.path}": member for member in manifest.members}
            for entry in entries:
                member = expected.pop(entry.name, None)
                content = tar.extractfile(entry) if entry.isreg() else None
                if member is None or content is None:
                    raise BackupUnsound(f"{source} holds {entry.name!r}, which its manifest does not name. Use another backup.")
                _write_member(source, made / _safe(source, member.path), content, member)
    except tarfile.TarError as error:
        raise BackupUnsound(f"{source} is not a whole backup. Use another one.") from error
    if expected:
        raise BackupUnsound(f"{source} lacks {', '.join(sorted(expected))}. Use another backup.")
    return manifest


def _read_manifest(source: Path, tar: tarfile.TarFile, entry: tarfile.TarInfo | None) -> Manifest:
    content = tar.extractfile(entry) if entry is not None and entry.isreg() and entry.name == MANIFEST else None
    if entry is None or content is None or entry.size > _MANIFEST_MAXIMUM:
        raise BackupUnsound(f"{source} is not a backup of an authority: it does not begin with a manifest.")
    try:
        read = json.loads(content.read())
        members = tuple(Member(str(one["path"]), int(one["size"]), str(one["sha256"])) for one in read["members"])
        texts = {name: str(read[name]) for name in ("format", "created_ts", "database", "journal_digest")}
        manifest = Manifest(**texts, journal_rows=int(read["journal_rows"]), members=members)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupUnsound(f"The manifest of {source} cannot be read. Use another backup.") from error
    if manifest.format != FORMAT:
        raise BackupUnsound(f"{source} has the format {manifest.format!r}, which this version does not read.")
    return manifest


def _safe(source: Path, path: str) -> Path:
    parts = PurePosixPath(path)
    if parts.is_absolute() or not parts.parts or ".." in parts.parts or "\\" in path or "\0" in path:
        raise BackupUnsound(f"{source} names a file outside of its folder: {path!r}. Do not use it.")
    return Path(*parts.parts)


def _write_member(source: Path, target: Path, content: IO[bytes], member: Member) -> None:
    for folder in reversed(target.parents):
        if not folder.exists():
            folder.mkdir(mode=0o700)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise BackupUnsound(f"{member.path} in {source} is not what was backed up. Use another backup.")


@contextmanager
def _work_folder(beside: Path) -> Iterator[Path]:
    """A private folder on the same file system as `beside`, gone in the end."""
    beside.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".directca-", dir=beside.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
