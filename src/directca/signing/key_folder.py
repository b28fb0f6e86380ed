"""Keys of OCSP responders in files of a folder, as before there were nodes: read, to be kept elsewhere, and ended."""

import re
from pathlib import Path

from directca.signing import key_files
from directca.signing.errors import KeyUnusable

_REFERENCE = re.compile(r"[a-z0-9-]+\.pem")


class KeyFolder:
    """Encrypted key files, by the reference that the register keeps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __repr__(self) -> str:
        return f"KeyFolder({self._folder})"

    def sealed(self, reference: str) -> bytes | None:
        """A key's encrypted form; None when there is no file of this name. Raises KeyUnusable."""
        return key_files.read(self._path(reference)) if self.holds(reference) else None

    def destroy(self, reference: str) -> bool:
        """Remove a key's file for good; False when there is none. Raises KeyUnusable."""
        try:
            self._path(reference).unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise KeyUnusable(f"The key file {self._path(reference)} cannot be removed: {error.strerror}.") from error
        return True

    def holds(self, reference: str) -> bool:
        """Whether there is a file of this name."""
        return self._path(reference).is_file()

    def _path(self, reference: str) -> Path:
        if not _REFERENCE.fullmatch(reference):
            raise KeyUnusable(f"{reference!r} is not the name of a key file.")
        return self._folder / reference
