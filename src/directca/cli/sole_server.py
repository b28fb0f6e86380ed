"""One server to a data folder: a second one would rewrite the first one's addresses, in its files and in what it signs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from directca.cli.errors import FolderInUse, folder_unusable


@contextmanager
def sole_server(data: Path) -> Iterator[None]:
    """Keep every other server from the data folder, which is made if it is not there. Raises FolderInUse, FolderUnusable.

    The folder itself is locked: nothing is left in it, whatever comes of the start. The lock is this process's alone. A forked
    worker would share it, and a worker that finishes its work after its parent was killed must not keep the next server away.
    """
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = [os.open(data, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    except OSError as error:
        raise folder_unusable(data, error) from error
    os.register_at_fork(after_in_child=lambda: _let_go(held))
    try:
        _lock(data, held[0])
        yield
    finally:
        _let_go(held)


def _lock(data: Path, folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise FolderInUse(
            f"A running server uses the folder {data}. Stop that server, or give this one another folder with --data."
        ) from error
    except OSError as error:
        raise folder_unusable(data, error) from error


def _let_go(held: list[int]) -> None:
    """Close what this process holds. In a fork that leaves the parent's lock alone: it ends with the last holder."""
    while held:
        os.close(held.pop())
