"""Where keys are certified, and which are compromised, for good."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import bindparam, insert, null, or_, select

from directca.certificates.model import Certificate, Record, Usage
from directca.certificates.store import IS_ONE_OF_TWO, OF_A_RECORD, certificate, compromised_key, record, serials_of
from directca.db.engine import Tx
from directca.db.prepared import Prepared

# The name is looked up for each certificate found, of which there are none or few: as a join, PostgreSQL would read the whole
# register for it until it has counted the rows of a new one.
_HOLDER = select(record.c.identifier).where(record.c.id == certificate.c.record_id).scalar_subquery()
_KEY_USES = Prepared(
    select(certificate.c.modulus_sha256, certificate.c.usage, _HOLDER)
    .where(or_(certificate.c.modulus_sha256 == bindparam("one"), certificate.c.modulus_sha256 == bindparam("other")))
    .union_all(select(compromised_key.c.modulus_sha256, null(), null()).where(IS_ONE_OF_TWO))
)
_UNBLOCKED_KEYS = Prepared(
    select(certificate.c.modulus_sha256)
    .outerjoin(compromised_key, compromised_key.c.modulus_sha256 == certificate.c.modulus_sha256)
    .where(OF_A_RECORD, compromised_key.c.modulus_sha256.is_(None))
)
_BLOCK_KEY = Prepared(insert(compromised_key))
_BLOCKED_OF_TWO = Prepared(select(compromised_key.c.modulus_sha256).where(IS_ONE_OF_TWO))


def key_uses(tx: Tx, one: str, other: str) -> Callable[[], list[tuple[str, Usage | None, str | None]]]:
    """Where the keys with these modulus digests are certified: digest, usage, identifier; None, None where one is compromised.
    Asked for with what is asked besides."""
    rows = _KEY_USES.asked(tx, {"one": one, "other": other})

    def answer() -> list[tuple[str, Usage | None, str | None]]:
        found = [(row[0], None if row[1] is None else Usage(row[1]), row[2]) for row in rows()]
        return sorted(found, key=lambda use: use[1] is not None)

    return answer


def has_compromised(tx: Tx, pair: Sequence[Certificate]) -> bool:
    """Whether a key of the pair is known to be compromised."""
    one, other = (certificate.modulus_sha256 for certificate in pair)
    return _BLOCKED_OF_TWO.first(tx, {"one": one, "other": other}) is not None


def add_compromised(tx: Tx, of: Record, at: datetime) -> bool:
    """Remember the keys of a record as compromised, for good; False when all of them are."""
    fresh = [row.modulus_sha256 for row in _UNBLOCKED_KEYS.rows(tx, serials_of(of))]
    if fresh:
        _BLOCK_KEY.run_many(tx, [{"modulus_sha256": key, "record_id": of.id, "recorded_at": at} for key in sorted(set(fresh))])
    return bool(fresh)
