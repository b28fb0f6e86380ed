"""A database of the third schema comes through the fourth step with its lists, and what the next lists have to say."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from directca.certificates import addresses, listing, register
from directca.certificates.addresses import AddressKind, NamedAddress
from directca.certificates.model import State
from directca.db import migrate
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase
from directca.pki import crl
from directca.pki.crl import CrlTemplate
from directca.pki.lints import revocation_list
from directca.revocation import crl as lists
from directca.revocation.model import ListId
from tests.authority import ADDRESSES, a_certificate, issuing_ca, policy
from tests.register import NOON
from tests.unit.db.first_schema import make, step

LIST = ListId("issuing")
AT = "2026-11-24 11:00:00.000000"
LATER = "2026-11-27 11:00:00.000000"
SERIALS = {"r2": (18, 19), "r3": (20, 21), "r5": (24, 25)}


@pytest.fixture
def third(tmp_path: Path) -> Iterator[Database]:
    """A database at the third schema, filled at the first."""
    made = SqliteDatabase(tmp_path / "third.sqlite", synchronous="OFF")
    make(made)
    step(made, "0003")
    with closing(sqlite3.connect(made.path)) as raw:
        raw.execute("UPDATE certificate SET der = ? WHERE serial = '10'", (a_certificate(),))
        raw.execute("UPDATE record SET revocation_reason = 'certificateHold', revoked_at = ? WHERE state = 'held'", (AT,))
        raw.execute("UPDATE record SET revocation_reason = 'aACompromise' WHERE id = 'r5'")
        raw.execute("UPDATE authority SET status_version = 7")
        raw.execute(
            "INSERT INTO crl (authority_id, number, this_update, next_update, entries, status_version, tbs_sha256, der,"
            " published_at) VALUES ('issuing', 3, ?, ?, 4, 7, '00', x'3000', ?)",
            (AT, LATER, AT),
        )
        raw.commit()
    yield made
    made.close()


def test_the_next_list_has_what_is_held_or_revoked(third: Database) -> None:
    migrate.upgrade(third)
    now = NOON + timedelta(hours=1)
    with third.read() as tx:
        run = listing.entries(tx, "issuing", listing.FULL, now)
        assert listing.lists(tx) == (("issuing", "", 7),)
        known = {serial: register.by_id(tx, of) for of, serials in SERIALS.items() for serial in serials}
    template = CrlTemplate(9, now, now + timedelta(hours=72), run.facts())
    encoded = crl.assemble(crl.encode(template, issuing_ca().issuer, run.entries), b"\xff" * 384)
    assert revocation_list.examine(encoded, template, issuing_ca().issuer, policy()) == ()
    found = {entry.serial_number: entry for entry in x509.load_der_x509_crl(encoded)}
    assert found.keys() == known.keys()
    for serial, record in known.items():
        assert record is not None
        assert found[serial].revocation_date_utc == record.revoked_at
        reasons = [one.value.reason.value for one in found[serial].extensions if isinstance(one.value, x509.CRLReason)]
        assert reasons == (["certificateHold"] if record.state is State.HELD else [])


def test_the_published_list_is_served_on(third: Database) -> None:
    migrate.upgrade(third)
    with third.read() as tx:
        facts = lists.newest(tx, LIST)
    assert facts is not None
    assert (facts.number, facts.entries, facts.status_version, facts.points) == (3, 4, 7, ())


def test_every_address_that_a_certificate_names_is_known(third: Database) -> None:
    migrate.upgrade(third)
    with third.read() as tx:
        found = addresses.named(tx)
    assert ADDRESSES.crl is not None
    assert ADDRESSES.ca_issuers is not None
    assert set(found) == {
        NamedAddress(ADDRESSES.crl, AddressKind.CRL, "issuing"),
        NamedAddress(ADDRESSES.ca_issuers, AddressKind.CA_ISSUERS, "issuing"),
    }
