"""A real PostgreSQL for tests, as the benches have it, but in memory where the system has a place for that.

with server(programs()) as postgres:
    address = postgres.new_database()
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import postgres
from bench.postgres import Postgres

_MEMORY = Path("/dev/shm")


@contextlib.contextmanager
def server(binaries: Path) -> Iterator[Postgres]:
    """A new cluster and its server, which is ready; both are gone afterwards."""
    with _folder() as folder, postgres.server(binaries, folder) as started:
        yield started


@contextlib.contextmanager
def standby(binaries: Path, primary: Postgres) -> Iterator[Postgres]:
    """A hot standby of a server, which follows it and answers; it is gone afterwards."""
    with _folder() as folder, postgres.standby(binaries, folder, primary) as started:
        yield started


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="directca-pg", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
