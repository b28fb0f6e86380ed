"""The mark beside a SQLite file whose records live on in another database: two that live would give out contradicting facts.

The mark is a file of its own, `NAME-moved`: the database itself stays as it was.
"""

import os
from pathlib import Path

from directca.db.errors import DatabaseMoved

SUFFIX = "-moved"


def mark(path: Path, to: str) -> None:
    """Note, durably, that the database in a file has moved to another."""
    descriptor = os.open(_mark(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(to + "\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def moved_to(path: Path) -> str | None:
    """Where the database in a file has moved to; None when it has not."""
    try:
        return _mark(path).read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def check_here(path: Path) -> None:
    """Raise DatabaseMoved for a file whose records live on elsewhere."""
    to = moved_to(path)
    if to is not None:
        raise DatabaseMoved(
            f"The database {path} was moved to {to}: set storage.database to that. "
            f"If the copy never came to life, remove {_mark(path)} to go back to the file."
        )


def _mark(path: Path) -> Path:
    return path.with_name(path.name + SUFFIX)
