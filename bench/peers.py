"""Other people's certificate authorities, each set up here with a key and a register of its own, and asked to certify.

CFSSL and django-ca answer over HTTP from a database of the same PostgreSQL as the product's; `openssl ca` is a command that makes
one certificate and has a text file. None of them keeps what the product does beside a certificate (README.md says what that is).
"""

import json
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bench import load
from bench.beside import Beside
from bench.postgres import Postgres
from bench.server import Failed, free_port

CONNECTIONS = 8
BITS = 2048
_MOST_SECONDS = 60.0
_DAYS = 365
_CFSSL_TABLES = """
CREATE TABLE certificates (
    serial_number bytea NOT NULL, authority_key_identifier bytea NOT NULL, ca_label bytea, status bytea NOT NULL, reason int,
    expiry timestamptz, revoked_at timestamptz, pem bytea NOT NULL, PRIMARY KEY (serial_number, authority_key_identifier));
CREATE TABLE ocsp_responses (
    serial_number bytea NOT NULL, authority_key_identifier bytea NOT NULL, body bytea NOT NULL, expiry timestamptz,
    PRIMARY KEY (serial_number, authority_key_identifier),
    FOREIGN KEY (serial_number, authority_key_identifier) REFERENCES certificates (serial_number, authority_key_identifier));
"""
"""As the migrations of CFSSL 1.2 make them."""

_OPENSSL_CA = """\
[ca]
default_ca = measured
[measured]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca-key.pem
default_md = sha256
default_days = {days}
policy = any
x509_extensions = subscriber
unique_subject = no
[any]
commonName = supplied
[subscriber]
keyUsage = critical,digitalSignature
extendedKeyUsage = emailProtection
basicConstraints = CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True)
class Turn:
    """What was made in one turn."""

    certificates: int
    seconds: float


class Peer(ABC):
    """An authority that stands ready; `key` is the one it signs with, `how` what it was asked by."""

    name: str
    key: str
    how: str

    @abstractmethod
    def turn(self, certificates: int) -> Turn:
        """Make so many. Raises Failed."""

    @abstractmethod
    def stored(self) -> int:
        """How many its own register has."""


@dataclass
class OverHttp(Peer):
    """Asked over kept connections. `warm_up` of the calls are sent when it is made; each call makes `per_call` certificates."""

    name: str
    key: str
    how: str
    address: tuple[str, int]
    calls: Iterator[bytes]
    per_call: int
    count: Callable[[], int]

    def warm_up(self, calls: int) -> None:
        """Ask some that are not measured."""
        self._run(calls)

    def turn(self, certificates: int) -> Turn:
        run = self._run(certificates // self.per_call)
        return Turn(len(run.latencies) * self.per_call, run.seconds)

    def stored(self) -> int:
        return self.count()

    def _run(self, calls: int) -> load.Run:
        # A connection opens with a call as any other: these programs have no page that says that they live.
        opening = [next(self.calls) for _ in range(CONNECTIONS)]
        with load.Connections(self.address, CONNECTIONS, opening) as connections:
            return connections.run(load.one_after_another(islice(self.calls, calls)), seconds=_MOST_SECONDS)


@contextmanager
def cfssl(folder: Path, requests: Sequence[str], database: Postgres) -> Iterator[OverHttp]:
    """`cfssl serve` with a register on PostgreSQL. Raises Failed where it is not installed."""
    program = _installed("cfssl", "golang-cfssl")
    folder.mkdir()
    _make_ca(folder)
    address = database.new_database()
    name = address.rpartition("/")[2]
    database.run(_CFSSL_TABLES, name)
    usages = ["digital signature", "email protection"]
    config = {"signing": {"default": {"expiry": f"{_DAYS * 24}h", "usages": usages}}}
    (folder / "config.json").write_text(json.dumps(config))
    register = {"driver": "postgres", "data_source": f"{address}?sslmode=disable"}
    (folder / "db.json").write_text(json.dumps(register))
    port = free_port()
    named = {
        "-address": "127.0.0.1",
        "-port": str(port),
        "-ca": "ca.pem",
        "-ca-key": "ca-key.pem",
        "-config": "config.json",
        "-db-config": "db.json",
        "-loglevel": "3",
    }
    command = [program, "serve", *(f"{option}={_inside(folder, value)}" for option, value in named.items())]
    calls = (
        load.post("/api/v1/cfssl/sign", "application/json", json.dumps({"certificate_request": one}).encode()) for one in requests
    )
    version = _said([program, "version"]).split()[1]
    with Beside(command, port, folder / "log") as server:
        server.start()
        how = "HTTP, PostgreSQL"
        yield OverHttp(
            f"CFSSL {version}", f"RSA-{BITS}", how, server.address, calls, 1, lambda: rows(database, name, "certificates")
        )


class OpensslCa(Peer):
    """`openssl ca -batch`: one process after the other, since it locks nothing."""

    key = f"RSA-{BITS}"
    how = "a process for each"

    def __init__(self, folder: Path, requests: Sequence[str]) -> None:
        self._program = _installed("openssl", "openssl")
        self.name = f"`openssl ca`, {_said([self._program, 'version']).split()[1]}"
        folder.mkdir()
        _make_ca(folder)
        (folder / "openssl.cnf").write_text(_OPENSSL_CA.format(folder=folder, days=_DAYS))
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n")
        self._folder = folder
        self._requests = iter(requests)

    def turn(self, certificates: int) -> Turn:
        files = []
        for number, request in enumerate(islice(self._requests, certificates)):
            files.append(self._folder / f"{number}.csr")
            files[-1].write_text(request)
        command = [self._program, "ca", "-batch", "-notext", "-config", str(self._folder / "openssl.cnf")]
        began = time.perf_counter()
        for file in files:
            _said([*command, "-in", str(file), "-out", str(file.with_suffix(".pem"))])
        return Turn(len(files), time.perf_counter() - began)

    def stored(self) -> int:
        return len((self._folder / "index.txt").read_text().splitlines())


def rows(database: Postgres, name: str, table: str) -> int:
    """How many rows a table has."""
    (row,) = database.run(f"SELECT count(*)::text FROM {table}", name)
    return int(str(row[0]))


def _installed(program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise Failed(f"{program} is not installed (Debian: {package})")
    return found


def _make_ca(folder: Path) -> None:
    """A self-signed CA in ca.pem, with an unencrypted key in ca-key.pem."""
    command = ["openssl", "req", "-x509", "-newkey", f"rsa:{BITS}", "-nodes", "-sha256", "-days", str(10 * _DAYS)]
    _said([*command, "-subj", "/CN=Measured", "-keyout", str(folder / "ca-key.pem"), "-out", str(folder / "ca.pem")])


def _inside(folder: Path, value: str) -> str:
    return str(folder / value) if value.endswith((".pem", ".json")) else value


def _said(command: Sequence[str]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:2])} ended with {done.returncode}: {done.stderr[-600:]}")
    return done.stdout
