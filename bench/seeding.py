"""A data folder whose server has ended and whose register holds many records."""

from pathlib import Path

from bench import load, orders, register, visit
from bench.register import Sample
from bench.server import Server

_PATIENCE = 30.0


def seeded(data: Path, records: int, samples: int) -> tuple[Sample, ...]:
    """Let a server make its authority and issue one pair, end it, and copy that pair. Returns so many records, spread evenly."""
    with Server(data) as server:
        issue(server, 1)
    return register.fill(database_of(data), records, samples)


def issue(server: Server, count: int) -> str:
    """Issue pairs for so many names; returns the access token with which that was done."""
    sandbox = server.sandbox
    token = visit.access_token(sandbox)
    calls = [order.http(token) for order in orders.orders(count, sandbox["direct_domain"])]
    with load.Connections(server.address, 1) as connection:
        connection.run(load.one_after_another(calls), seconds=_PATIENCE)
    return token


def database_of(data: Path) -> Path:
    """The database's file."""
    return next(data.glob("*.sqlite"))
