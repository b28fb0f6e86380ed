"""Whether anything was committed to a SQLite file since a moment, found out in some microseconds."""

import sqlite3
from pathlib import Path


class DataVersion:
    """A mark of a SQLite file.

    The connection behind it changes nothing itself: SQLite's data_version tells of what all others have committed.
    """

    def __init__(self, path: Path) -> None:
        self._address = f"{path.resolve().as_uri()}?mode=ro"
        self._connection: sqlite3.Connection | None = None

    def read(self) -> int | None:
        """The mark of this moment; None when it cannot be told, and anything may have changed. Never waits."""
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._address, uri=True, timeout=0, isolation_level=None, check_same_thread=False
                )
            (mark,) = self._connection.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            return None
        return int(mark)

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
