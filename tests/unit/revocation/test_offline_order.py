"""An order says what the offline list must say, in one form, and nothing that was altered beyond reading is obeyed."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from directca.clock import rfc3339
from directca.pki.crl import RevokedEntry
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import offline_order
from directca.revocation.authority_errors import BadOrder
from directca.revocation.offline_order import Order, OrderedEntry
from tests.authority import ISSUED

ENTRIES = (
    OrderedEntry(RevokedEntry(0x1F, ISSUED), "CN=One"),
    OrderedEntry(RevokedEntry(0x2A, ISSUED, Reason.CA_COMPROMISE, ISSUED - timedelta(days=3)), "CN=Zwei, O=Übel"),
)
ORDER = Order("root", "CN=Root", "ab" * 32, ISSUED, 17, (16, ISSUED - timedelta(days=90)), ENTRIES, 'version = "1"\n')


def altered(**changes: Any) -> bytes:
    content = json.loads(offline_order.write(ORDER))
    return json.dumps(content | changes).encode()


def entry(**changes: Any) -> list[dict[str, Any]]:
    return [offline_order.described(ENTRIES[1]) | changes]


@pytest.mark.parametrize("follows", [ORDER.follows, None])
def test_what_is_written_is_read(follows: Any) -> None:
    order = Order("root", "CN=Root", "ab" * 32, ISSUED, 17, follows, ENTRIES, "policy")
    assert offline_order.read(offline_order.write(order)) == order


@pytest.mark.parametrize("year", [1, 999, 9999])
def test_every_year_is_written_with_four_digits(year: int) -> None:
    moment = datetime(year, 1, 31, 8, 0, 0, 999, tzinfo=UTC)
    assert rfc3339(moment) == f"{year:04}-01-31T08:00:00Z"
    assert datetime.fromisoformat(rfc3339(moment)) == moment.replace(microsecond=0)


def test_a_person_can_read_it() -> None:
    text = offline_order.write(ORDER).decode()
    for word in ("CN=Zwei, O=Übel", "cACompromise", "2026-11-24T08:00:00Z", '"serial": "2a"'):
        assert word in text


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{",
        b"[" * 100_000,
        altered(kind="directca order for a CRL, 2"),
        altered(surprise=1),
        altered(authority=None),
        altered(number_above="17"),
        altered(number_above=True),
        altered(number_above=-1),
        altered(made_at="2026-11-24T08:00:00"),
        altered(made_at="2026-11-24T08:00:00+01:00"),
        altered(made_at="20261124T080000Z"),
        altered(follows={"number": 1}),
        altered(follows=[1, "2026-11-24T08:00:00Z"]),
        altered(entries={}),
        altered(entries=[1]),
        altered(entries=entry(serial="0")),
        altered(entries=entry(serial="-2a")),
        altered(entries=entry(serial="0x2a")),
        altered(entries=entry(serial="2A")),
        altered(entries=entry(serial=" 2a")),
        altered(entries=entry(serial="8" + "0" * 39)),
        altered(entries=entry(reason="removeFromCRL")),
        altered(entries=entry(reason="because")),
        altered(entries=entry(invalidity_date="yesterday")),
        altered(entries=entry(more=1)),
        altered(policy=None),
    ],
)
def test_what_is_no_order_is_refused(data: bytes) -> None:
    with pytest.raises(BadOrder):
        offline_order.read(data)
