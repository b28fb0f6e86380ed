"""Files for one pair of eyes: mode 0600 from their first byte, whole or not there at all, durable when the call returns."""

import os
import secrets
from pathlib import Path

from directca.cli.client.failures import Misused


def folder(path: Path) -> None:
    """Make a folder, and those above it, that only its owner may enter; one that is there already stays as it is."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misused(f"Cannot make the folder {path}: {error.strerror}. Choose another with --out.") from None


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet: a private key is never overwritten, whoever asks.

    A hard link takes the place of a rename because a rename would replace what is there.
    """
    try:
        draft = _draft(path, content)
        try:
            os.link(draft, path)
        finally:
            draft.unlink()
        _settle(path.parent)
    except FileExistsError:
        raise Misused(f"{path} is there already and is never overwritten. Choose another folder with --out.") from None
    except OSError as error:
        raise _unwritable(path, error) from None


def replace(path: Path, content: bytes) -> None:
    """Write a file in place of what may be there; a reader sees the old or the new one, never a part."""
    try:
        draft = _draft(path, content)
        draft.replace(path)
        _settle(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft


def _settle(parent: Path) -> None:
    handle = os.open(parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> Misused:
    return Misused(f"Cannot write {path}: {error.strerror}. Mend that, then run the same command again.")
