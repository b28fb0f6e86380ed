"""Many orders through the API, by a client that is killed half-way and starts all over with the same Idempotency-Keys."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import orders, seeding, visit
from bench.customer import Customer, Visit, write_orders
from bench.server import Failed, Server


@dataclass(frozen=True)
class Books:
    """What the authority has of all orders: pairs and the names they are for, charges and the orders they are of."""

    pairs: int
    names: int
    charges: int
    charged_orders: int


@dataclass(frozen=True)
class Interrupted:
    """Both lives of the client, and the books afterwards."""

    orders: int
    first: Visit
    second: Visit
    books: Books

    @property
    def seconds(self) -> float:
        """From the first start of the client to its end, with all that it sent twice."""
        return self.first.seconds + self.second.seconds


def measure(folder: Path, count: int) -> Interrupted:
    """Raises Failed unless every order has exactly one pair and one charge, and was answered the same whenever it was."""
    data = folder / "interrupted"
    with Server(data) as server:
        made = orders.orders(count, server.sandbox["direct_domain"])
        file = folder / "orders"
        write_orders(file, made)
        customer = Customer(server.address, visit.access_token(server.sandbox), file)
        first = customer.visit("first", killed_after=count // 2)
        second = customer.visit("second")
    found = Interrupted(count, first, second, books(seeding.database_of(data)))
    if wrong := faults(found):
        raise Failed(" ".join(wrong))
    return found


def books(database: Path) -> Books:
    """From the database of a server that has ended, past every layer of the product."""
    connection = sqlite3.connect(database)
    try:
        pairs = "SELECT count(*), count(DISTINCT identifier) FROM record WHERE position IS NOT NULL"
        charges = "SELECT count(*), count(DISTINCT order_id) FROM ledger_movement WHERE kind = 'capture'"
        return Books(*connection.execute(pairs).fetchone(), *connection.execute(charges).fetchone())
    finally:
        connection.close()


def faults(found: Interrupted) -> Sequence[str]:
    """What is not as it must be."""
    wrong = []
    if found.books != Books(*(found.orders,) * 4):
        wrong.append(f"There are {found.books} for {found.orders:,} orders.")
    if len(set(found.second.answers.values())) != found.orders:
        wrong.append(f"{len(set(found.second.answers.values())):,} records were answered for {found.orders:,} orders.")
    if any(found.second.answers.get(key) != record for key, record in found.first.answers.items()):
        wrong.append("An order was answered with another record when it was sent again.")
    return wrong
