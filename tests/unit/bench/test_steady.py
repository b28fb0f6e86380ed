"""What stays as it is: growth is of a worker's second half, flatness of what is reached of the floor, and books are counted."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from bench import customer, interrupted, steady
from bench.customer import Visit
from bench.floor import Floor
from bench.interrupted import Books, Interrupted
from bench.mixed import PARTS, Memory, Mixed
from bench.orders import Order
from bench.server import Failed
from bench.steady import AtSize

GOOD = Interrupted(3, Visit(1.0, {"a": "1"}), Visit(2.0, {"a": "1", "b": "2", "c": "3"}), Books(3, 3, 3, 3))


def test_a_worker_that_keeps_growing_is_told_from_one_that_fills_its_room() -> None:
    filled = Memory(1, tuple(min(100.0 + 10 * part, 130.0) for part in range(PARTS + 1)))
    growing = Memory(2, tuple(100.0 + part for part in range(PARTS + 1)))
    assert (filled.growth, growing.growth) == (0.0, 5.0)
    rows = steady._memory_table(Mixed(1000, 2.0, (filled, growing))).rows
    assert [row[-1] for row in rows] == ["≤ 1 MB: reached", "≤ 1 MB: missed"]


@pytest.mark.parametrize(("rate", "verdict"), [(410.0, "reached"), (390.0, "missed")])
def test_flat_is_what_reaches_as_much_of_the_floor(rate: float, verdict: str) -> None:
    floors = (Floor(1000.0, 0.002),)
    few, many = AtSize(10, 1.0, (1000.0,), (Floor(2000.0, 0.002),)), AtSize(1000, 1.0, (rate,), floors)
    rows = steady._sizes_table([few, many]).rows
    assert rows[0][-1] == ""
    assert rows[1][-1] == f"≥ 0.8: {verdict}"


def test_every_order_has_one_pair_and_one_charge_and_one_answer() -> None:
    assert interrupted.faults(GOOD) == []
    assert len(interrupted.faults(replace(GOOD, books=Books(4, 3, 3, 3)))) == 1
    assert len(interrupted.faults(replace(GOOD, books=Books(3, 3, 4, 4)))) == 1
    assert len(interrupted.faults(replace(GOOD, first=Visit(1.0, {"a": "9"})))) == 1
    assert len(interrupted.faults(replace(GOOD, second=Visit(1.0, {"a": "1", "b": "2"})))) == 1


def test_books_are_what_the_tables_have(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "books.sqlite")
    connection.executescript(
        "CREATE TABLE record (position, identifier); CREATE TABLE ledger_movement (kind, order_id);"
        "INSERT INTO record VALUES (1, 'alice'), (2, 'alice'), (NULL, 'bob');"
        "INSERT INTO ledger_movement VALUES ('capture', 'o'), ('capture', 'p'), ('authorize', 'p');"
    )
    connection.close()
    assert interrupted.books(tmp_path / "books.sqlite") == Books(2, 1, 2, 2)


def test_what_a_killed_client_was_writing_is_no_answer() -> None:
    assert customer.read_answers("order-1 abc\norder-2 def\norder-3 a") == {"order-1": "abc", "order-2": "def"}
    with pytest.raises(Failed, match="twice"):
        customer.read_answers("order-1 abc\norder-1 def\n")


def test_each_order_is_sent_with_a_key_of_its_own(tmp_path: Path) -> None:
    customer.write_orders(tmp_path / "orders", [Order("alice@direct.example.org", "one", "two")] * 2)
    assert [line.split('"')[1] for line in (tmp_path / "orders").read_text().splitlines()] == ["order-0", "order-1"]
    call = Order("alice@direct.example.org", "one", "two").http("secret", "order-0")
    assert b"\r\nIdempotency-Key: order-0\r\n" in call.partition(b"\r\n\r\n")[0] + b"\r\n"
