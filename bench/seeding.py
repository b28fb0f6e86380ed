"""Data folders to measure on: some pairs issued as every application does, and a register that holds many records."""

import json
from dataclasses import dataclass
from pathlib import Path

from bench import load, orders, register, visit
from bench.register import Sample
from bench.server import Server

_PATIENCE = 30.0


@dataclass(frozen=True)
class Issued:
    """A pair: its name, the serial of its signing certificate, and the call that revokes it."""

    name: str
    serial: str
    revocation: bytes


def seeded(data: Path, records: int, samples: int) -> tuple[Sample, ...]:
    """Let a server make its authority and issue one pair, end it, and copy that pair. Returns so many records, spread evenly."""
    with Server(data) as server:
        issue(server, 1)
    return register.fill(database_of(data), records, samples)


def issue(server: Server, count: int) -> tuple[Issued, ...]:
    """Issue pairs for so many names."""
    sandbox = server.sandbox
    token = visit.access_token(sandbox)
    made = []
    with load.Connections(server.address, 1) as connection:
        for order in orders.orders(count, sandbox["direct_domain"]):
            record = json.loads(connection.ask(order.http(token)))
            path = f"/api/certificate/revoke/{order.name}/superseded"
            made.append(Issued(order.name, record["signing_cert_serial"], load.post(path, "application/json", b"", token)))
    return tuple(made)


def database_of(data: Path) -> Path:
    """The database's file."""
    return next(data.glob("*.sqlite"))


def octets(serial: str) -> bytes:
    """A serial in hex as the entry of a list has it (X.690 8.3)."""
    number = int(serial, 16)
    content = number.to_bytes(number.bit_length() // 8 + 1)
    return b"\x02" + bytes([len(content)]) + content
