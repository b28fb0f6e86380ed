"""Certificate records as JSON."""

from binascii import b2a_base64
from datetime import datetime
from typing import Any

from directca.certificates.model import Pair, status
from directca.clock import rfc3339
from directca.issuance.model import Rehearsal


def shown(pair: Pair, ca_chain: str, now: datetime) -> dict[str, Any]:
    """The certificate record, the same object for every function and for each row of a query."""
    record = pair.record
    return {
        "identifier": record.identifier,
        "signing_cert_serial": record.signing_serial,
        "encryption_cert_serial": record.encryption_serial,
        "id": record.id,
        "status": status(record, now).value,
        "kind": record.kind.value,
        "organization": record.organization,
        "organization_type": record.organization_type,
        "subject_dn": record.subject_dn,
        "issuer_dn": record.issuer_dn,
        "signing_cert": None if pair.signing.der is None else pem(pair.signing.der),
        "encryption_cert": None if pair.encryption.der is None else pem(pair.encryption.der),
        "ca_chain": ca_chain,
        "not_before_ts": rfc3339(record.not_before),
        "not_after_ts": rfc3339(record.not_after),
        "duration_year": record.duration_years,
        "revocation_reason": None if record.revocation_reason is None else record.revocation_reason.value,
        "revoked_ts": None if record.revoked_at is None else rfc3339(record.revoked_at),
        "order_id": record.order_id,
        "supersedes": record.supersedes,
        "superseded_by": record.superseded_by,
        "created_ts": rfc3339(record.created_at),
        "updated_ts": rfc3339(record.updated_at),
    }


def rehearsed(rehearsal: Rehearsal) -> dict[str, Any]:
    """The answer of a dry run."""
    return {
        "dry_run": True,
        "identifier": rehearsal.identifier,
        "kind": rehearsal.kind.value,
        "organization_type": rehearsal.organization_type,
        "subject_dn": rehearsal.subject_dn,
        "issuer_dn": rehearsal.issuer_dn,
        "not_before_ts": rfc3339(rehearsal.not_before),
        "not_after_ts": rfc3339(rehearsal.not_after),
        "duration_year": rehearsal.duration_years,
        "price_cents": rehearsal.amount,
        "currency": rehearsal.currency,
        "balance_cents": rehearsal.available,
        "lint": "passed",
    }


def chain(*certificates: bytes) -> str:
    """DER certificates as one PEM text."""
    return "".join(pem(one) for one in certificates)


def pem(certificate: bytes) -> str:
    """A DER certificate as PEM (RFC 7468)."""
    # 48 octets are a line of 64 characters, and its end.
    lines = b"".join([b2a_base64(certificate[start : start + 48]) for start in range(0, len(certificate), 48)])
    return f"-----BEGIN CERTIFICATE-----\n{lines.decode('ascii')}-----END CERTIFICATE-----\n"
