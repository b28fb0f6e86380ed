"""Authorities to measure: on SQLite or PostgreSQL, with an issuing key of the usual size or of a smaller one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import postgres
from bench.postgres import Postgres
from bench.server import Failed, Server
from directca.issuance.found import ISSUING
from directca.pki import profiles
from directca.sections import StorageSettings
from directca.signing import file_keys

USUAL_BITS, SMALLER_BITS = 3072, 2048
_PASSPHRASE = "not a secret: a benchmark's\n"
_SETTINGS = "[server]\nlongest_wait_ms = 10000\n[sandbox]\nenabled = true\n"
"""Sixty-four clients wait for their turn here, where by default a server would refuse those who come too often."""

_POSTGRES = {"shared_buffers": "256MB", "max_connections": 200}


@contextmanager
def postgresql(folder: Path) -> Iterator[Postgres]:
    """A PostgreSQL server beside the data folders, on the same disk, as durable as it is by itself. Raises Failed."""
    binaries = postgres.programs()
    if binaries is None:
        raise Failed(f"PostgreSQL {postgres.OLDEST} or newer is not installed")
    # It refuses to be root, and whom it runs as must get through what this process has for itself alone.
    folder.chmod(0o711)
    place = folder / "postgresql"
    place.mkdir(mode=0o700)
    with postgres.server(binaries, place, _POSTGRES) as started:
        yield started


def server(data: Path, bits: int = USUAL_BITS, database: str = "") -> Server:
    """A server that is not started yet; its authority is founded when it is."""
    if bits != USUAL_BITS:
        _with_key_of(data, bits)
    storage = f'[storage]\ndatabase = "{database}"\n' if database else ""
    return Server(data, settings=storage + _SETTINGS)


def _with_key_of(data: Path, bits: int) -> None:
    """Leave in the folder what an interrupted first start would: a passphrase, a key, and a policy that lets it be so short."""
    data.mkdir(mode=0o700)
    keys = data / StorageSettings.keys
    keys.mkdir(mode=0o700)
    secret = data / StorageSettings.passphrase_file
    secret.parent.mkdir(mode=0o700)
    secret.touch(0o600)
    secret.write_text(_PASSPHRASE)
    file_keys.create(keys / f"{ISSUING}.pem", _PASSPHRASE.strip().encode(), bits=bits)
    shipped, version = profiles.shipped_file().decode(), profiles.shipped().version
    changes = {
        f'version = "{version}"': f'version = "{version}-measured"',
        "development = false": "development = true",
        f"minimum_bits = {USUAL_BITS}": f"minimum_bits = {bits}",
        f"long_life_bits = {USUAL_BITS}": f"long_life_bits = {bits}",
    }
    for said, instead in changes.items():
        shipped = shipped.replace(said, instead)
    (data / StorageSettings.policy).write_text(shipped)
