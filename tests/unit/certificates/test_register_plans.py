"""What is asked of the register is answered by indexes: a scan would make each answer dearer than the one before."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from directca.certificates import listing, query_store, register, serial_status
from directca.certificates.filters import Filters, Order, Window
from directca.certificates.model import Status
from directca.certificates.query import Counts
from directca.db.engine import Database, Tx
from tests.register import NOON, some_records
from tests.statements import seen_in

pytestmark = pytest.mark.engine("sqlite", why="the plans are SQLite's")

QUESTIONS: dict[str, Callable[[Tx], object]] = {
    "the history of a name": lambda tx: register.history(tx, "a@x.example"),
    "a record": lambda tx: register.by_id(tx, "0"),
    "whether an organization has a pair": lambda tx: register.has_issued(tx, "o"),
    "where keys are in use": lambda tx: register.check_keys(tx, "a@x.example", "00", "01"),
    "how many names an account has": lambda tx: register.held_by_account(tx, "issuing", "clinic", NOON),
    "the pair of a record": lambda tx: register.pair_of(tx, register.history(tx, "a@x.example").records[0]),
}


BY_SERIAL = "sqlite_autoindex_certificate_1 (authority_id=? AND serial=?)"
BY_NAME = "ix_record_account_identifier (account_id=? AND identifier=?"
BY_BEGINNING = "ix_record_account_identifier (account_id=? AND identifier>? AND identifier<?)"
LOOKED_UP: dict[str, tuple[Filters, str]] = {
    "name": (Filters(name_is="a@x.example"), BY_NAME),
    "beginning": (Filters(name_like="a*"), BY_BEGINNING),
    "ending": (Filters(name_like="*e"), "ix_record_account_reversed (account_id=? AND identifier_reversed>?"),
    "signing serial": (Filters(signing_serial="a"), BY_SERIAL),
    "encryption serial": (Filters(encryption_serial="a"), BY_SERIAL),
    "serial and beginning": (Filters(signing_serial="a", name_like="a*"), BY_SERIAL),
    "serial and status": (Filters(signing_serial="a", status=Status.ISSUED), BY_SERIAL),
    "name and status": (Filters(name_is="a@x.example", status=Status.ISSUED), BY_NAME),
    "beginning, status and days": (Filters(name_like="a*", status=Status.ISSUED, expires_after=NOON), BY_BEGINNING),
}
BY_POSITION, BY_STATE = "ix_record_account (account_id=?", "ix_record_account_state (account_id=? AND state=?"
WALKED: dict[str, tuple[Filters, str]] = {
    "everything": (Filters(), BY_POSITION),
    "issued": (Filters(status=Status.ISSUED), BY_STATE),
    "held": (Filters(status=Status.HELD), BY_STATE),
    "revoked": (Filters(status=Status.REVOKED), BY_STATE),
    "superseded": (Filters(status=Status.SUPERSEDED), "ix_record_account_superseded (account_id=? AND state=?"),
    "expired": (Filters(status=Status.EXPIRED), BY_POSITION),
    "days": (Filters(expires_before=NOON, expires_after=NOON), BY_POSITION),
    "issued, days": (Filters(status=Status.ISSUED, expires_before=NOON), BY_STATE),
    "beginning": (Filters(name_like="a*"), BY_POSITION),
    "ending": (Filters(name_like="*e"), BY_POSITION),
    "middle": (Filters(name_like="*x*"), BY_POSITION),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_question_is_answered_by_indexes(database: Database, question: str) -> None:
    some_records(database, "a@x.example", "b@x.example")
    with database.read() as tx:
        plans = _steps(tx, QUESTIONS[question])
    assert plans
    assert not [step for step in plans if step.startswith("SCAN")]


@pytest.mark.parametrize("window", [Window(offset=3), Window(before=9), Window(after=1)])
@pytest.mark.parametrize("filters", LOOKED_UP)
def test_few_records_are_looked_up(database: Database, filters: str, window: Window) -> None:
    wanted, index = LOOKED_UP[filters]
    with database.read() as tx:
        counted = _steps(tx, lambda tx: query_store.count(tx, "clinic", wanted, NOON, after=0))
        paged = _steps(tx, lambda tx: query_store.records(tx, "clinic", wanted, window, NOON, expected=1))
    for steps in (counted, paged):
        assert [step for step in steps if index in step]
        assert not [step for step in steps if step.startswith("SCAN") or "ix_record_account (" in step]


@pytest.mark.parametrize("window", [Window(), Window(before=9), Window(after=1)])
@pytest.mark.parametrize("filters", WALKED)
def test_many_records_are_walked_from_where_the_page_begins(database: Database, filters: str, window: Window) -> None:
    wanted, index = WALKED[filters]
    with database.read() as tx:
        steps = _steps(tx, lambda tx: query_store.records(tx, "clinic", wanted, window, NOON, expected=10**6))
    assert [step for step in steps if index in step]
    assert not [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step]


@pytest.mark.parametrize("filters", [Filters(status=Status.EXPIRED), Filters(expires_before=NOON), Filters(expires_after=NOON)])
def test_few_of_some_days_are_looked_up_by_the_day(database: Database, filters: Filters) -> None:
    with database.read() as tx:
        steps = _steps(tx, lambda tx: query_store.records(tx, "clinic", filters, Window(), NOON, expected=9))
    assert [step for step in steps if "ix_record_account_not_after (account_id=? AND not_after" in step]


@pytest.mark.parametrize("window", [Window(), Window(before=1), Window(after=1)])
@pytest.mark.parametrize("order", [one for one in Order if one is not Order.NEWEST])
@pytest.mark.parametrize("filters", [Filters(), Filters(status=Status.ISSUED), Filters(status=Status.HELD, name_like="*x*")])
def test_a_sorted_list_is_walked_in_its_order(database: Database, filters: Filters, order: Order, window: Window) -> None:
    some_records(database, "a@x.example", "b@x.example")
    index = "ix_record_account_identifier" if order in (Order.NAME, Order.NAME_DOWN) else "ix_record_account_not_after"
    wanted = replace(window, order=order)
    with database.read() as tx:
        steps = _steps(tx, lambda tx: query_store.in_order(tx, "clinic", filters, wanted, NOON, expected=10**6))
    assert [step for step in steps if f"{index} (account_id=?" in step]
    assert len([step for step in steps if "TEMP B-TREE" in step]) == 1  # of the page alone
    assert not [step for step in steps if step.startswith("SCAN")]


@pytest.mark.parametrize("order", [Order.NAME, Order.ENDS_DOWN])
@pytest.mark.parametrize("status", [Status.ISSUED, Status.HELD, Status.REVOKED])
def test_few_of_a_state_are_looked_up_and_sorted(database: Database, status: Status, order: Order) -> None:
    with database.read() as tx:
        wanted, window = Filters(status=status), Window(order=order)
        steps = _steps(tx, lambda tx: query_store.in_order(tx, "clinic", wanted, window, NOON, expected=9))
    assert [step for step in steps if BY_STATE in step]


@pytest.mark.parametrize("status", [None, *Status], ids=str)
def test_a_status_is_counted_by_counters_and_the_days_that_a_moment_cuts(database: Database, status: Status | None) -> None:
    filters = Filters(status=status, expires_after=NOON - timedelta(days=9), expires_before=NOON + timedelta(days=9))
    with database.read() as tx:
        steps = _steps(tx, lambda tx: Counts().count(tx, "clinic", filters, NOON))
    by_days = [step for step in steps if "ix_record_account_not_after (account_id=? AND not_after>? AND not_after<?)" in step]
    assert len(by_days) == 2
    assert [step for step in steps if "status_count USING PRIMARY KEY (account_id=? AND standing=? AND ends_on>?" in step]
    assert not [step for step in steps if step.startswith("SCAN") or "ix_record_account_state" in step]


@pytest.mark.parametrize(
    "question",
    [
        lambda tx: register.unfinished(tx, before=NOON),
        lambda tx: register.held_since(tx, NOON),
    ],
)
def test_what_is_not_issued_is_found_without_what_is(database: Database, question: Callable[[Tx], object]) -> None:
    with database.read() as tx:
        (first, *_) = _steps(tx, question)
    assert "ix_record_not_issued" in first


@pytest.mark.parametrize(
    "question",
    [
        lambda tx: listing.entries(tx, "issuing", "", NOON),
        lambda tx: listing.published(tx, "issuing", "", this_update=NOON, version=1),
        lambda tx: serial_status.changes_after(tx, "issuing", 0),
    ],
    ids=["entries", "those that expired", "changes"],
)
def test_status_is_told_without_sorting_or_reading_what_is_not_asked(
    database: Database, question: Callable[[Tx], object]
) -> None:
    some_records(database, "a@x.example")
    with database.write() as tx:
        steps = _steps(tx, question)
    assert steps
    assert not [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step]


def _steps(tx: Tx, question: Callable[[Tx], object]) -> list[str]:
    """The plan of each statement that the question sends."""
    with seen_in(tx) as sent:
        question(tx)
    return [str(row[3]) for one in sent for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")]
