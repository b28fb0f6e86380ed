"""Keys that come and go, such as those of OCSP responders: files of one folder, by the reference that the register keeps."""

import re
from pathlib import Path

from directca.signing import file_keys
from directca.signing.errors import KeyUnusable
from directca.signing.file_keys import FileKey

_REFERENCE = re.compile(r"[a-z0-9-]+\.pem")


class KeyFolder:
    """Encrypted key files, all opened by one passphrase. `at_once`: how many signatures one key makes at the same time."""

    def __init__(self, folder: Path, passphrase: bytes, *, at_once: int = 1) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._at_once = at_once

    def __repr__(self) -> str:
        return f"KeyFolder({self._folder})"

    def make(self, reference: str, bits: int) -> FileKey:
        """A new RSA key. Raises KeyUnusable when there is one of this name, or none can be kept; WrongPassphrase."""
        return file_keys.create(self._path(reference), self._passphrase, bits=bits)

    def open(self, reference: str) -> FileKey:
        """A key that was made before; about 0.3 s. Raises KeyUnusable, WrongPassphrase."""
        return file_keys.load(self._path(reference), self._passphrase, at_once=self._at_once)

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
