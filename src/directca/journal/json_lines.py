"""A file of JSON lines as a receiver of the journal. Acknowledged means: on the disk."""

import fcntl
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from directca.journal.errors import ReceiverUnavailable
from directca.journal.export_row import as_json
from directca.journal.model import Row

_TAIL = 65_536


class JsonLines:
    """Appends each row as one line. The file may be renamed between two batches (logrotate's `create`); a new one is begun."""

    def __init__(self, target: str, path: Path) -> None:
        self._target = target
        self._path = path

    @property
    def target(self) -> str:
        """Its name in the settings."""
        return self._target

    def deliver(self, rows: Sequence[Row]) -> None:
        """Append the rows and wait for the disk. Raises ReceiverUnavailable; then the file is as it was, if it can be."""
        text = "".join(f"{as_json(row)}\n" for row in rows).encode("ascii")
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
            try:
                self._append(file, text)
            finally:
                os.close(file)
        except OSError as error:
            raise ReceiverUnavailable(
                f"The journal cannot be exported to {self._path}: {error.strerror}. Check its folder and the free space."
            ) from error

    def _append(self, file: int, text: bytes) -> None:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise ReceiverUnavailable(
                f"{self._path} is no file, so nothing can be kept there. Name a file for the journal's rows."
            )
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        before = _without_torn_line(file)
        try:
            rest = memoryview(text)
            while rest:
                rest = rest[os.write(file, rest) :]
            os.fsync(file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, before)
            raise
        if not before:
            _keep_name(self._path.parent)


def _without_torn_line(file: int) -> int:
    """The file's length, after the last line was cut off if a crash left it without its end: nobody acknowledged it."""
    length = os.fstat(file).st_size
    whole = length
    while whole:
        start = max(0, whole - _TAIL)
        at = os.pread(file, whole - start, start).rfind(b"\n")
        whole = start + at + 1 if at >= 0 else start
        if at >= 0:
            break
    if whole < length:
        os.ftruncate(file, whole)
    return whole


def _keep_name(folder: Path) -> None:
    """Wait until the name of a new file is on the disk too."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
