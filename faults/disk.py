"""A small disk of our own, which can be filled: a tmpfs with a ballast file. It needs the right to mount, as root has it."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

_BALLAST = "ballast"
_PIECE = 1 << 20


class Disk:
    """A folder with so many megabytes; `mounted` is False where mounting is not permitted, and then it cannot be filled."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        options = f"size={megabytes}m,mode=0755"
        words = ["mount", "-t", "tmpfs", "-o", options, "directca-faults", str(folder)]
        try:
            self.mounted = subprocess.run(words, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            self.mounted = False

    def fill(self) -> None:
        """Leave no room."""
        with (self.folder / _BALLAST).open("ab", buffering=0) as ballast:
            for piece in (_PIECE, 4096, 1):
                with contextlib.suppress(OSError):
                    while ballast.write(b"\0" * piece):
                        pass

    def free(self) -> None:
        """Give the room back."""
        (self.folder / _BALLAST).unlink(missing_ok=True)

    def close(self) -> None:
        """Take it away, with all that is on it."""
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)
            self.mounted = False


@contextlib.contextmanager
def a_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """A disk for a while."""
    disk = Disk(folder, megabytes)
    try:
        yield disk
    finally:
        disk.close()
