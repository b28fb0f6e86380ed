"""The files that relying parties fetch, in a folder that is laid out as their addresses are, for nginx or a CDN.

Whatever reads the folder finds each file whole: it is written beside its place, brought to the disk, and moved there. An older
list never takes the place of a newer one (invariant 12), and a list leaves before it runs out, since whoever serves files does
not look at what they say (invariant 13). One process at a time works on a folder; each run begins with what is there. A folder
that holds anything of another authority is that one's: nothing is written into it.
"""

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from directca.pki import der, oids
from directca.pki.crl_view import read_crl
from directca.pki.der import DerError
from directca.responders.errors import StatusFolderUnusable
from directca.responders.status_files import StatusFiles
from directca.responders.whose import certificate_of_another, chain_of_another, list_of_another, signed_by_us
from directca.revocation import crl
from directca.revocation.errors import NothingFresh
from directca.revocation.model import ListFacts, ListId

MARGIN = timedelta(seconds=60)
"""How long before its nextUpdate a list leaves: caches repeat it for 30 seconds, and a run comes some seconds late."""

_LOCK_SECONDS = 10.0
"""How long a run waits for another one; what it writes takes less."""

_LOCK_AGAIN_SECONDS = 0.1
_MOST_NAMED = 5
_NO_FILE = {errno.ENOENT, errno.ELOOP, errno.ENXIO}  # nothing, a link, a socket
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755  # for the web server's user; nothing in them is a secret


@dataclass(frozen=True)
class Published:
    """What a run did, as paths in the folder, and the lists that are not there as they should be, each with the reason."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]


@dataclass
class _Run:
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    withheld: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _There:
    """A list of ours that is in the folder: its number, its end, its hash, and the date of the file."""

    number: int
    next_update: datetime
    sha256: str
    modified: float


def relative_path(of: ListId) -> Path:
    """Where a list is, below the folder as below the server's address."""
    return Path("crl", of.authority_id, f"{of.partition}.crl") if of.partition else Path("crl", f"{of.authority_id}.crl")


def wanted(files: StatusFiles) -> dict[ListId, tuple[int, bool]]:
    """Each list's newest number, and whether it may be in the folder: what has changed when this has."""
    ca = files.revocation
    with ca.database.read() as tx:
        newest = [facts for of in crl.lists(tx) if (facts := crl.newest(tx, of)) is not None]
    now = ca.clock.now()
    return {facts.of: (facts.number, _lasts(facts.next_update, now)) for facts in newest}


def publish(files: StatusFiles, folder: Path) -> Published:
    """Let the folder hold what is published, and nothing that is about to run out. Raises StatusFolderUnusable.

    The folder itself must be there: one that is made where a disk is not mounted would look well and reach nobody.
    """
    done = _Run()
    try:
        with _alone_in(folder):
            with files.revocation.database.read() as tx:
                newest = {of: crl.newest(tx, of) for of in crl.lists(tx) if of.authority_id in files.certificates}
            _publish(files, folder, newest, done)
    except OSError as error:
        raise _unusable(folder, error) from error
    return Published(tuple(done.written), tuple(done.removed), tuple(done.withheld))


def _publish(files: StatusFiles, folder: Path, newest: Mapping[ListId, ListFacts | None], done: _Run) -> None:
    """Look at every file first: a folder must never hold certificates of one authority beside lists of another."""
    now, foreign = files.revocation.clock.now(), _certificates_of_others(files, folder)
    there: dict[ListId, _There | None] = {}
    for of in newest:
        content, modified = _content(folder / relative_path(of))
        own = files.certificates[of.authority_id][0]
        if list_of_another(content, own):
            foreign.append(str(relative_path(of)))
        else:
            there[of] = _list_in(content, modified)
            found, facts = there[of], newest[of]
            if found is not None and facts is not None and found.number > facts.number and not signed_by_us(content, own):
                there[of] = replace(found, number=0)  # it keeps none of ours away
    for of, found in there.items():
        if found is not None and not _lasts(found.next_update, now):
            _remove(folder, relative_path(of), done)  # whatever else is wrong
    if foreign:
        raise StatusFolderUnusable(
            f"The folder {folder} has files of another authority, so nothing is written: {', '.join(foreign[:_MOST_NAMED])}. "
            "Name a folder that this authority has for itself; if the other one is no more, take its files away."
        )
    for path, content in _certificates(files):
        _put_certificate(folder, path, content, done)
    for of, facts in newest.items():
        _publish_list(files, folder, of, (there[of], facts), done)


def _publish_list(files: StatusFiles, folder: Path, of: ListId, both: tuple[_There | None, ListFacts | None], done: _Run) -> None:
    there, facts = both
    if facts is None:
        done.withheld.append((str(of), "it was never made"))
    elif there is not None and there.number > facts.number:
        why = f"{relative_path(of)} has number {there.number}, and the newest that is known {facts.number}"
        done.withheld.append((str(of), why))
    elif not _lasts(facts.next_update, files.revocation.clock.now()):
        done.withheld.append((str(of), "it is out of date"))
    elif there is None or there.number < facts.number or facts.sha256 not in (None, there.sha256):
        _put_list(files, folder, of, there, done)


def _certificates(files: StatusFiles) -> Iterator[tuple[Path, bytes]]:
    for name, contents in files.certificates.items():
        for suffix, content in zip(("cer", "p7c"), contents, strict=True):
            yield Path("aia", f"{name}.{suffix}"), content


def _certificates_of_others(files: StatusFiles, folder: Path) -> list[str]:
    found = []
    for path, _ in _certificates(files):
        judge = certificate_of_another if path.suffix == ".cer" else chain_of_another
        if judge(_content(folder / path)[0], files.certificates[path.stem][0]):
            found.append(str(path))
    return found


def _put_list(files: StatusFiles, folder: Path, of: ListId, before: _There | None, done: _Run) -> None:
    try:
        found = crl.published(files.revocation, of)
    except NothingFresh:
        done.withheld.append((str(of), "it is out of date"))
        return
    # Servers make their entity tags of a file's date, in seconds, and size: no two lists may have the same date.
    modified = found.facts.this_update.timestamp()
    if before is not None:
        modified = max(modified, int(before.modified) + 1.0)
    _write(folder, relative_path(of), found.der, modified)
    done.written.append(str(relative_path(of)))


def _put_certificate(folder: Path, path: Path, content: bytes, done: _Run) -> None:
    if _content(folder / path)[0] != content:
        _write(folder, path, content, None)
        done.written.append(str(path))


def _content(path: Path) -> tuple[bytes, float]:
    """What a file holds, nothing where there is none, and its date.

    What is no file is nobody's list: a link is not followed, and nobody waits for who would write into a pipe.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in _NO_FILE:
            return b"", 0.0
        raise
    try:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            return b"", 0.0
        with open(handle, "rb", closefd=False) as file:
            return file.read(), about.st_mtime
    finally:
        os.close(handle)


def _list_in(content: bytes, modified: float) -> _There | None:
    """The list that was read; None when it was none."""
    with suppress(DerError):
        view = read_crl(content)
        number = view.extension(oids.CRL_NUMBER)
        if number is not None:
            return _There(
                number=der.read_integer(der.read(number.value)),
                next_update=der.read_time(view.next_update),
                sha256=sha256(content).hexdigest(),
                modified=modified,
            )
    return None


def _lasts(next_update: datetime, now: datetime) -> bool:
    return now + MARGIN < next_update


def _write(folder: Path, path: Path, content: bytes, modified: float | None) -> None:
    """A file whose place never holds a part of it, on the disk when this returns."""
    place = folder / path
    _make_folder(folder, path.parent)
    draft = place.with_name(f".{place.name}.new")
    draft.unlink(missing_ok=True)  # what a crash left; nobody else writes here at this moment
    try:
        with draft.open("xb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _FILE_MODE)  # the mask of a server that keeps secrets lets nobody read
            file.flush()
            if modified is not None:
                os.utime(file.fileno(), (modified, modified))
            os.fsync(file.fileno())
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)
    _sync(place.parent)


def _remove(folder: Path, path: Path, done: _Run) -> None:
    place = folder / path
    try:
        place.unlink()
    except FileNotFoundError:
        return
    _sync(place.parent)
    done.removed.append(str(path))


def _make_folder(folder: Path, below: Path) -> None:
    place = folder
    for name in below.parts:
        place = place / name
        if not place.is_dir():
            place.mkdir()
            place.chmod(_FOLDER_MODE)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other processes from working on the folder at the same time. The folder itself is locked: nothing is left in it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    gives_up_at = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= gives_up_at:
                raise StatusFolderUnusable(
                    f"Another process has held the lock of the folder {folder} for {_LOCK_SECONDS:.0f} seconds. "
                    "Wait until it has ended; `lslocks` names it."
                ) from error
        time.sleep(_LOCK_AGAIN_SECONDS)


def _unusable(folder: Path, error: OSError) -> StatusFolderUnusable:
    if not folder.exists():
        return StatusFolderUnusable(
            f"There is no folder {folder}. Make it, or mount the disk that it is on; it is never made by itself."
        )
    if not folder.is_dir():
        return StatusFolderUnusable(f"{folder} is not a folder. Name one.")
    place = error.filename2 or error.filename
    where = "" if place in {None, str(folder)} else f" ({place})"
    return StatusFolderUnusable(
        f"The folder {folder} cannot be used: {error.strerror or error}{where}. "
        "Correct its permissions, make room, or name another one."
    )
