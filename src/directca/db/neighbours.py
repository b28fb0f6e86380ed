"""Whether a server of another process works in a folder: each locks its own (`cli/sole_server.py`), whatever its release."""

import fcntl
import os
from pathlib import Path

_LOCKS = Path("/proc/locks")


def used_by_another(folder: Path) -> bool:
    """Whether another process has the folder's lock. Raises OSError when the folder cannot be opened."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return not _is_ours(os.fstat(descriptor).st_ino)
    else:
        return False
    finally:
        os.close(descriptor)


def _is_ours(inode: int) -> bool:
    """Whether this process holds the lock, as the system lists it: `1: FLOCK ADVISORY WRITE 1234 08:01:5678 0 EOF`."""
    lines = (line.split() for line in _LOCKS.read_text().splitlines())
    return any("FLOCK" in words and f"{os.getpid()}" in words and any(w.endswith(f":{inode}") for w in words) for words in lines)
