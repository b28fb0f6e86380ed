"""Certificate records as JSON."""

from binascii import b2a_base64
from datetime import datetime
from typing import Any

from directca.api.answers import JSON
from directca.certificates.model import Pair, Record, status
from directca.clock import rfc3339
from directca.issuance.model import Rehearsal


def shown(pair: Pair, ca_chain: str, now: datetime) -> dict[str, Any]:
    """The certificate record, the same object for every function and for each row of a query."""
    certificates = {
        "signing_cert": None if pair.signing.der is None else pem(pair.signing.der),
        "encryption_cert": None if pair.encryption.der is None else pem(pair.encryption.der),
        "ca_chain": ca_chain,
    }
    return {**_before_certificates(pair.record, now), **certificates, **_after_certificates(pair.record)}


def encoded(pair: Pair, ca_chain: str, now: datetime) -> str:
    """The certificate record as JSON text. In PEM nothing but the ends of lines is written otherwise there, so the certificates,
    which are nearly all of it, are not searched for what would be."""
    before, after = JSON.encode(_before_certificates(pair.record, now)), JSON.encode(_after_certificates(pair.record))
    signing, encryption = ("null" if one.der is None else _quoted(pem(one.der)) for one in (pair.signing, pair.encryption))
    certificates = f'"signing_cert":{signing},"encryption_cert":{encryption},"ca_chain":{_quoted(ca_chain)}'
    return f"{before[:-1]},{certificates},{after[1:]}"


def _before_certificates(record: Record, now: datetime) -> dict[str, Any]:
    return {
        "identifier": record.identifier,
        "signing_cert_serial": record.signing_serial,
        "encryption_cert_serial": record.encryption_serial,
        "id": record.id,
        "status": status(record, now),
        "kind": record.kind,
        "organization": record.organization,
        "organization_type": record.organization_type,
        "subject_dn": record.subject_dn,
        "issuer_dn": record.issuer_dn,
    }


def _after_certificates(record: Record) -> dict[str, Any]:
    return {
        "not_before_ts": rfc3339(record.not_before),
        "not_after_ts": rfc3339(record.not_after),
        "duration_year": record.duration_years,
        "revocation_reason": record.revocation_reason,
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
    text = b2a_base64(certificate, newline=False).decode("ascii")
    lines = "\n".join([text[start : start + 64] for start in range(0, len(text), 64)])
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _quoted(pem_text: str) -> str:
    return '"' + pem_text.replace("\n", "\\n") + '"'
