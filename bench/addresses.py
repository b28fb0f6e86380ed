"""A file of ten thousand addresses, brought over the API: until all are authorized, and how long others wait meanwhile."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import load, visit
from bench.load import Connections
from bench.results import Result, Table, milliseconds, percentile
from bench.server import Failed, Server

_ROWS, _ROUNDS = (10_000, 1_000), (10, 3)
_PATIENCE = 60.0
_LOOK_SECONDS = 0.01


def measure(folder: Path, *, quick: bool) -> Result:
    """Bring one file after another, each with addresses of its own, while the list is asked for all the time."""
    rows, rounds = _ROWS[quick], _ROUNDS[quick]
    with Server(folder / "addresses") as server:
        token, domain = visit.access_token(server.sandbox), server.sandbox["direct_domain"]
        with _asking(server, token) as before:
            time.sleep(2)
        with _asking(server, token) as meanwhile:
            fresh = [_brought(server, token, domain, f"r{number}-", rows) for number in range(rounds)]
        again = [_brought(server, token, domain, f"r{number}-", rows) for number in range(rounds)]
    return _result(rows, rounds, fresh, again, (before, meanwhile))


def _brought(server: Server, token: str, domain: str, prefix: str, rows: int) -> float:
    body = "\r\n".join(["address", *(f"{prefix}{number:05}@{domain}" for number in range(rows))]).encode()
    began = time.perf_counter()
    with Connections(server.address, 1) as connection:
        made = json.loads(connection.ask(load.post("/api/address/upload", "text/csv", body, token)))
        while made.get("state") == "checking":
            if time.perf_counter() - began > _PATIENCE:
                raise Failed(f"A file of {rows:,} addresses was not applied in time.")
            time.sleep(_LOOK_SECONDS)
            made = json.loads(connection.ask(load.get(f"/api/address/upload/{made['id']}", token)))
    if made.get("state") != "applied":
        raise Failed(f"A file of addresses was not applied: {made}")
    return time.perf_counter() - began


@contextmanager
def _asking(server: Server, token: str) -> Iterator[list[float]]:
    """Ask for the first hundred addresses, twenty times a second, until the block ends; how long each answer took."""
    taken: list[float] = []
    ending = threading.Event()

    def ask() -> None:
        with Connections(server.address, 1) as connection:
            while not ending.wait(0.05):
                began = time.perf_counter()
                connection.ask(load.get("/api/address/", token))
                taken.append(time.perf_counter() - began)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        ending.set()
        thread.join()


def _result(
    rows: int, rounds: int, fresh: Sequence[float], again: Sequence[float], waits: tuple[Sequence[float], Sequence[float]]
) -> Result:
    kinds = {"new addresses": fresh, "the same again": again}
    rates = Table(
        f"{rounds} files of {rows:,} addresses, brought one after the other, until each is applied",
        ("", "rows per second", "p50, ms", "p99, ms"),
        tuple(
            (name, f"{rows / percentile(one, 0.5):,.0f}", milliseconds(percentile(one, 0.5)), milliseconds(percentile(one, 0.99)))
            for name, one in kinds.items()
        ),
    )
    before, meanwhile = waits
    lists = Table(
        "How long the list of addresses is waited for, in ms",
        ("", "p50", "p99"),
        tuple(
            (name, milliseconds(percentile(one, 0.5)), milliseconds(percentile(one, 0.99)))
            for name, one in (("with none on file", before), ("while files are applied", meanwhile))
        ),
    )
    figures = {name: {"rows_per_second": round(rows / percentile(one, 0.5)), "seconds": list(one)} for name, one in kinds.items()}
    ratios = {"last file to the first": round(fresh[-1] / fresh[0], 2)}
    note = "A file is applied in one commit; its time has the look at every row, and the rounds of asking how far it is."
    return Result("addresses", (rates, lists), figures, ratios, (note,))
