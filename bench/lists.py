"""Long lists, written into the database of a stopped server; and how a list is made by the product and by a library."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from bench.peak import Work
from directca import rooms
from directca.certificates import listing
from directca.db.sqlite import SqliteDatabase
from directca.issuance.found import ISSUING
from directca.pki import crl as body
from directca.pki.crl import RevokedEntry
from directca.pki.reasons import RevocationReason
from directca.revocation import crl
from directca.revocation.model import ListId

FULL = ListId(ISSUING)
REVOKED_AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
_REASONS = (None, RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION)
_FLAGS = {
    RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
    RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    RevocationReason.CESSATION_OF_OPERATION: x509.ReasonFlags.cessation_of_operation,
}
_BATCH = 20_000
_DAYS = timedelta(days=7)
_INTO = "INSERT INTO crl_entry (authority_id, partition, serial, der, not_after, version) VALUES (?, '', ?, ?, ?, ?)"


def entries(start: int, stop: int) -> Iterator[RevokedEntry]:
    """Some of a row of entries that is always the same: serials of sixteen octets in no order, every fourth without a reason."""
    for number in range(start, stop):
        serial = int.from_bytes(sha256(b"%d" % number).digest()[:16]) >> 2 | 1 << 126
        yield RevokedEntry(serial, REVOKED_AT, _REASONS[number % len(_REASONS)])


def serials(stop: int) -> list[str]:
    """The serials of the first of them, in hex."""
    return [f"{one.serial:x}" for one in entries(0, stop)]


def fill(path: Path, start: int, stop: int) -> None:
    """Let the next full list of the issuing CA have the entries up to `stop`; those up to `start` it has already."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("synchronous=OFF", "cache_size=-400000"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        version, end = connection.execute(
            "SELECT status_version, (SELECT max(not_after) FROM record) FROM authority WHERE id = ?", (ISSUING,)
        ).fetchone()
        connection.execute("BEGIN")
        for first in range(start, stop, _BATCH):
            rows = (
                (ISSUING, body.sort_key(one.serial), body.encode_entry(one), end, version)
                for one in entries(first, min(first + _BATCH, stop))
            )
            connection.executemany(_INTO, sorted(rows))
        connection.execute("COMMIT")
    finally:
        connection.close()
    database = SqliteDatabase(path)
    with database.write() as tx:
        listing.want_new(tx, datetime.now(UTC))
    database.close()


def ours(data: Path) -> Work:
    """The product's own verb on a filled data folder: read, encode, lint, sign, publish."""
    authority = rooms.open_authority(data)
    return lambda: crl.produce(authority.revocation, FULL, actor="system:bench")


def by_cryptography(key_file: Path, count: int, one_by_one: bool) -> Work:
    """`cryptography`'s builder from the same facts: given its entries all at once, or as documented one by one."""
    facts = list(entries(0, count))
    key = load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)  # the only kind that the sandbox makes
    now = datetime.now(UTC)

    def build() -> bytes:
        listed = [_revoked(one) for one in facts]
        issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Bench Issuing CA")])
        builder = x509.CertificateRevocationListBuilder(issuer, revoked_certificates=[] if one_by_one else listed)
        if one_by_one:
            for one in listed:
                builder = builder.add_revoked_certificate(one)
        builder = builder.last_update(now).next_update(now + _DAYS).add_extension(x509.CRLNumber(1), critical=False)
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    return build


def _revoked(entry: RevokedEntry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder(entry.serial, entry.revoked_at.replace(tzinfo=None))
    if entry.reason is not None:
        builder = builder.add_extension(x509.CRLReason(_FLAGS[entry.reason]), critical=False)
    return builder.build()
