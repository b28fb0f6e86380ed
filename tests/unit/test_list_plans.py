"""Long lists are read from where a page begins, on an index that has their order: no page costs what all rows together do."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from directca.db.engine import Database, Tx
from directca.issuance import invoice_store
from directca.issuance import store as order_store
from directca.notices import delivery_store, event_store
from directca.revocation import compromise_store
from directca.vetting import address_store, case_store, domain_store, proposal_store
from directca.vetting import store as organization_store
from directca.vetting.address_model import AddressFilter
from directca.vetting.case_model import CaseFilter, CaseState, Place
from directca.vetting.model import OrganizationStatus
from directca.vetting.proposal_model import ProposalState
from tests.statements import seen_in

pytestmark = pytest.mark.engine("sqlite", why="the plans are SQLite's")

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PLACE = Place(AT, "a")
SUBMITTED = CaseFilter(states=(CaseState.SUBMITTED,))

LISTS: dict[str, Callable[[Tx], object]] = {
    "cases": lambda tx: case_store.chosen(tx, CaseFilter(), None, 51),
    "cases, further": lambda tx: case_store.chosen(tx, CaseFilter(name="clinic"), PLACE, 51),
    "cases in a state": lambda tx: case_store.chosen(tx, SUBMITTED, PLACE, 51),
    "the queue": lambda tx: case_store.longest_waiting(tx, SUBMITTED, None, 51),
    "the queue, further": lambda tx: case_store.longest_waiting(tx, SUBMITTED, PLACE, 51),
    "organizations": lambda tx: organization_store.chosen(tx, None, "", None, 51),
    "organizations, further": lambda tx: organization_store.chosen(tx, OrganizationStatus.APPROVED, "x", ("a", "b"), 51),
    "reviews": lambda tx: organization_store.due_for_review(tx, AT),
    "domains of all": lambda tx: domain_store.listed(tx, None, 51),
    "domains": lambda tx: domain_store.listed(tx, "a", 51),
    "proposals": lambda tx: proposal_store.in_state(tx, ProposalState.OPEN, 51),
    "closed proposals": lambda tx: proposal_store.newest_closed(tx, 51),
    "reported keys": lambda tx: compromise_store.newest(tx, 51),
    "whether a key was reported": lambda tx: compromise_store.known(tx, "00"),
    "addresses": lambda tx: address_store.page(tx, "a", AddressFilter()),
    "events": lambda tx: event_store.after(tx, "a", 7, 51),
    "orders": lambda tx: order_store.page(tx, "a", (AT, "b"), 51),
    "invoices": lambda tx: invoice_store.of_account(tx, "a", 7, 51),
    "deliveries": lambda tx: delivery_store.of_webhook(tx, "a", None, (AT, "b"), 51),
}


@pytest.mark.parametrize("wanted", LISTS)
def test_a_page_is_read_in_the_order_of_an_index(database: Database, wanted: str) -> None:
    with database.read() as tx:
        with seen_in(tx) as sent:
            LISTS[wanted](tx)
        steps = [str(row[3]) for one in sent for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")]
    assert steps
    # A walk along an index is none of the whole table; rows of one moment may be sorted among themselves.
    scanned = [step for step in steps if step.startswith("SCAN") and "USING" not in step]
    sorted_all = [step for step in steps if "TEMP B-TREE FOR ORDER BY" in step]
    assert (scanned, sorted_all) == ([], [])
