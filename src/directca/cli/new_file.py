"""A file that a command makes: whole or not there, on the disk when the command ends, and never in place of another."""

import os
import secrets
from pathlib import Path

from directca.cli.errors import FileTaken


def refuse_taken(path: Path) -> None:
    """Raise FileTaken if something is there: for commands that do something irrevocable before they write."""
    if path.exists():
        raise FileTaken(f"{path} is there already and is not replaced. Give another name.")


def write_new(path: Path, content: bytes) -> None:
    """Write a file that must not exist. Raises FileTaken, OSError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)  # a rename would replace what is there
    except FileExistsError as error:
        raise FileTaken(f"{path} is there already and is not replaced. Give another name.") from error
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
