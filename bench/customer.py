"""A client with a long list of orders, in a process of its own, so that it can be killed and started again.

`python -m bench.customer PORT TOKEN ORDERS ANSWERS` sends every order of a file, each with its own Idempotency-Key, over some
connections, and writes down what was answered: a line with the key and the record's id. It remembers nothing: started again it
sends all of them again.
"""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bench import load
from bench.orders import Order
from bench.server import Failed, environment

CONNECTIONS = 8
_MOST_SECONDS = 3600.0
_LOOK_SECONDS = 0.005
_RECORD = re.compile(rb'"id":"([^"]+)"')


@dataclass(frozen=True)
class Visit:
    """One life of the client: how long it took, and by key the record that each order was answered with."""

    seconds: float
    answers: Mapping[str, str]


def write_orders(path: Path, orders: Iterable[Order]) -> None:
    """Each with a key of its own."""
    with path.open("w", encoding="utf-8") as file:
        for number, one in enumerate(orders):
            file.write(json.dumps([f"order-{number}", one.name, one.signing_csr, one.encryption_csr]) + "\n")


class Customer:
    """Starts the client. `killed_after` answers it is killed, and whatever it has sent is on its way."""

    def __init__(self, address: tuple[str, int], token: str, orders: Path) -> None:
        self._arguments = (str(address[1]), token, str(orders))
        self._orders = orders

    def visit(self, name: str, killed_after: int | None = None) -> Visit:
        """Let it send its orders. Raises Failed if it ends otherwise than it should."""
        answers, log = self._orders.with_suffix(f".{name}"), self._orders.with_suffix(f".{name}.log")
        answers.touch()
        began = time.perf_counter()
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.customer", *self._arguments, str(answers)],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                ended = _wait(process, answers, killed_after)
            finally:
                process.kill()
                process.wait()
        seconds = time.perf_counter() - began
        if ended != (0 if killed_after is None else None):
            raise Failed(f"The client ended by itself with {ended}: {log.read_text(errors='replace')[-400:]}")
        return Visit(seconds, read_answers(answers.read_text()))


def read_answers(text: str) -> dict[str, str]:
    """What a client wrote down; what it was writing when it was killed is not an answer."""
    lines = [line.split() for line in text.splitlines(keepends=True) if line.endswith("\n")]
    found = dict(lines)
    if len(found) != len(lines):
        raise Failed("An order was answered twice in one life of the client.")
    return found


def _wait(process: "subprocess.Popen[bytes]", answers: Path, killed_after: int | None) -> int | None:
    """The exit code; None as soon as it has so many answers."""
    with answers.open("rb") as file:
        seen = 0
        while (ended := process.poll()) is None:
            seen += file.read().count(b"\n")
            if killed_after is not None and seen >= killed_after:
                process.send_signal(signal.SIGKILL)
                return None
            time.sleep(_LOOK_SECONDS)
    return ended


class _Sending:
    """Gives whichever connection is free the next order, and writes down what the last one was answered."""

    def __init__(self, orders: Sequence[tuple[str, bytes]], answers: TextIO) -> None:
        self._remaining = iter(orders)
        self._under_way: dict[int, str] = {}
        self._answers = answers

    def __call__(self, number: int, body: bytes) -> bytes | None:
        if body:
            self._note(self._under_way.pop(number), body)
        key, call = next(self._remaining, ("", None))
        if call is not None:
            self._under_way[number] = key
        return call

    def _note(self, key: str, body: bytes) -> None:
        found = _RECORD.search(body)
        if found is None:
            raise Failed("An order was answered without a record.")
        self._answers.write(f"{key} {found[1].decode('ascii')}\n")


def main(port: int, token: str, orders: Path, answers: Path) -> None:
    """Send all of them."""
    with orders.open(encoding="utf-8") as file:
        read = [json.loads(line) for line in file]
    calls = [(key, Order(*rest).http(token, key)) for key, *rest in read]
    with answers.open("a", buffering=1) as written, load.Connections(("127.0.0.1", port), CONNECTIONS) as connections:
        connections.run(_Sending(calls, written), seconds=_MOST_SECONDS)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
