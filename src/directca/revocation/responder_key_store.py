"""The sealed keys of OCSP responders: what every node of an authority opens with its passphrase."""

from datetime import datetime

from sqlalchemy import Column, LargeBinary, String, Table, delete, insert, select

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata

responder_key = Table(
    "responder_key",
    metadata,
    Column("reference", String, primary_key=True),
    # An EncryptedPrivateKeyInfo (RFC 5958 3): never a key that can be read without the passphrase.
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)


def add(tx: Tx, reference: str, sealed: bytes, at: datetime) -> bool:
    """Keep a key; False when there is one of this name, which stays."""
    if holds(tx, reference):
        return False
    tx.execute(insert(responder_key), {"reference": reference, "sealed": sealed, "created_at": at})
    return True


def find(tx: Tx, reference: str) -> bytes | None:
    """A key's sealed form."""
    return tx.execute(select(responder_key.c.sealed).where(responder_key.c.reference == reference)).scalar_one_or_none()


def holds(tx: Tx, reference: str) -> bool:
    """Whether there is a key of this name."""
    return tx.execute(select(responder_key.c.reference).where(responder_key.c.reference == reference)).first() is not None


def remove(tx: Tx, reference: str) -> bool:
    """Keep a key no longer; False when there is none."""
    return tx.execute(delete(responder_key).where(responder_key.c.reference == reference)).rowcount == 1


def references(tx: Tx) -> frozenset[str]:
    """The names of all keys."""
    return frozenset(tx.execute(select(responder_key.c.reference)).scalars())
