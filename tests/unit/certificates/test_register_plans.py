"""What the issuing verbs ask of the register is answered by indexes: a scan would make each issue dearer than the one before."""

from collections.abc import Callable

import pytest

from directca.certificates import register
from directca.db.engine import Database, Tx
from tests.register import some_records
from tests.statements import seen_in

QUESTIONS: dict[str, Callable[[Tx], object]] = {
    "the history of a name": lambda tx: register.history(tx, "a@x.example"),
    "a record": lambda tx: register.by_id(tx, "0"),
    "whether an organization has a pair": lambda tx: register.has_issued(tx, "o"),
    "where keys are in use": lambda tx: register.check_keys(tx, "a@x.example", "00", "01"),
    "the pair of a record": lambda tx: register.pair_of(tx, register.history(tx, "a@x.example").records[0]),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_question_is_answered_by_indexes(database: Database, question: str) -> None:
    some_records(database, "a@x.example", "b@x.example")
    with database.read() as tx:
        with seen_in(tx) as sent:
            QUESTIONS[question](tx)
        plans = [str(row[3]) for one in sent for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")]
    assert plans
    assert not [step for step in plans if step.startswith("SCAN")]
