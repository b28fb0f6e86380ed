"""Records put straight into the register, for tests that need many and no signatures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from directca.certificates import authorities, store
from directca.certificates.model import AuthorityEntry, Certificate, Record, State, Usage
from directca.db.engine import Database, Tx
from directca.direct import names

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_numbers = count(1)


def an_authority(tx: Tx) -> None:
    """An issuing CA in the register."""
    if not authorities.known(tx):
        entry = AuthorityEntry(
            "issuing", "issuing", None, "CN=CA", b"certificate", "issuing.pem", NOON + timedelta(days=3650), NOON
        )
        authorities.add(tx, entry)


def a_record(tx: Tx, identifier: str, *, account_id: str = "clinic", state: State = State.ISSUED, **changes: Any) -> Record:
    """A record with its two certificates; `state` INTENDED leaves it without a position."""
    an_authority(tx)
    number = next(_numbers)
    name = names.parse(identifier)
    intent = Record(
        id=f"{number:032x}",
        account_id=account_id,
        organization_id="organization",
        identifier=name.value,
        kind=name.kind,
        organization="Sandbox Clinic",
        organization_type="CoveredEntity",
        subject_dn=f"CN={name.value}",
        issuer_dn="CN=CA",
        authority_id="issuing",
        state=State.INTENDED,
        not_before=NOON,
        not_after=NOON + timedelta(days=365, seconds=-1),
        duration_years=1,
        order_id=f"order-{number}",
        signing_serial=f"{number * 2 + 0xA0000:x}",
        encryption_serial=f"{number * 2 + 0xA0001:x}",
        created_at=NOON,
        updated_at=NOON,
    )
    intent = replace(intent, **changes)
    pair = [
        Certificate(intent.authority_id, serial, intent.id, usage, f"{serial:0>64}", "0" * 64, b"tbs", None)
        for serial, usage in ((intent.signing_serial, Usage.SIGNING), (intent.encryption_serial, Usage.ENCRYPTION))
    ]
    store.add_intent(tx, intent, pair)
    if state is State.INTENDED:
        return intent
    store.add_signatures(tx, [replace(one, der=b"der") for one in pair])
    return store.move(tx, intent, state, revoked_at=NOON if state in (State.HELD, State.REVOKED) else None)


def some_records(database: Database, *identifiers: str, account_id: str = "clinic") -> list[Record]:
    """Issued records of these names, oldest first."""
    with database.write() as tx:
        return [a_record(tx, identifier, account_id=account_id) for identifier in identifiers]
