"""One certificate pair: what it is, its files, its history, what can be done with it."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from directca.certificates import register
from directca.certificates.errors import UnknownCertificate
from directca.certificates.model import Certificate, Pair, Record, Status, status
from directca.direct.names import Kind
from directca.pki.cms import certs_only
from directca.pki.reasons import RevocationReason
from directca.web.console import history
from directca.web.console.certificate_list import CERTIFICATES
from directca.web.console.context import Console, Visit
from directca.web.headers import NEVER_KEPT, security_headers

KINDS = {Kind.ADDRESS: "For an address", Kind.DOMAIN: "For a whole domain"}
_PEM, _DER, _CMS = "application/x-pem-file", "application/pkix-cert", "application/pkcs7-mime"


@dataclass(frozen=True)
class Way:
    """Something that can be done with a pair: what the button says, where it leads, whether it is final."""

    words: str
    path: str
    is_final: bool = False


def show_certificate(console: Console, request: Request) -> Response:
    """The page of a pair."""
    visit = console.visit(request)
    pair, others = opened(visit, request)
    now, record = console.clock.now(), pair.record
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/certificate.html",
        record=record,
        kind=KINDS[record.kind],
        state=status(record, now).value,
        gone=gone(record, now),
        certificates=[(one.usage.value, _fingerprint(one)) for one in (pair.signing, pair.encryption)],
        ways=_ways(record, now),
        reason=history.REASONS.get(record.revocation_reason or "", ""),
        others=[(one, status(one, now).value) for one in others if one.id != record.id],
        happenings=history.history(visit, record),
        here=path_of(record),
    )


def send_file(console: Console, request: Request) -> Response:
    """One of the pair's files."""
    pair, _ = opened(console.visit(request), request)
    name = request.path_params["file"]
    made = FILES.get(name)
    if made is None:
        raise UnknownCertificate("There is no such file of this certificate pair.")
    media_type, content = made
    plain = re.sub(r"[^A-Za-z0-9@._-]", "_", pair.record.identifier)
    headers = security_headers(https=console.web.pages.https, cache=NEVER_KEPT)
    headers["Content-Disposition"] = f'attachment; filename="{plain}-{name}"'
    return Response(content(pair, console.chains[pair.record.authority_id]), 200, headers, media_type)


def opened(visit: Visit, request: Request) -> tuple[Pair, tuple[Record, ...]]:
    """The pair that the address names, and every pair of its name. Raises UnknownCertificate."""
    with visit.console.database.read() as tx:
        record = register.own(tx, visit.account_id, request.path_params["record"])
        return register.pair_of(tx, record), register.history(tx, record.identifier).of_account(visit.account_id)


def path_of(record: Record) -> str:
    """Where the page of a pair is."""
    return f"{CERTIFICATES}/{record.id}"


def gone(record: Record, now: datetime) -> int:
    """How much of the validity has passed, in percent."""
    passed = (now - record.not_before) / (record.not_after - record.not_before)
    return round(100 * min(1.0, max(0.0, passed)))


def _ways(record: Record, now: datetime) -> tuple[Way, ...]:
    """What can be done with a pair. It is offered, not decided, here."""
    here = path_of(record)
    revoke = Way("Revoke …", f"{here}/revoke", is_final=True)
    match status(record, now):
        case Status.ISSUED if record.current:
            return (
                Way("Renew …", f"{here}/renew"),
                Way("Reissue …", f"{here}/reissue"),
                Way("Suspend …", f"{here}/hold"),
                revoke,
            )
        case Status.HELD:
            return (Way("Release …", f"{here}/release"), revoke)
        case Status.REVOKED if record.revocation_reason is not RevocationReason.KEY_COMPROMISE and not record.settled:
            return (Way("Say that a key is compromised …", f"{here}/revoke", is_final=True),)
        case _:
            return ()


def _fingerprint(certificate: Certificate) -> str:
    return "" if certificate.der is None else hashlib.sha256(certificate.der).hexdigest()


def _of(certificate: Certificate) -> bytes:
    if certificate.der is None:
        raise UnknownCertificate("This certificate was never signed.")
    return certificate.der


def pem(*certificates: bytes) -> bytes:
    """DER certificates as PEM (RFC 7468)."""
    return b"".join(_pem(one) for one in certificates)


def _pem(certificate: bytes) -> bytes:
    text = b64encode(certificate).decode("ascii")
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode("ascii")


Content = Callable[[Pair, tuple[bytes, ...]], bytes]
FILES: Mapping[str, tuple[str, Content]] = {
    "signing.pem": (_PEM, lambda pair, _: pem(_of(pair.signing))),
    "signing.cer": (_DER, lambda pair, _: _of(pair.signing)),
    "signing.p7c": (_CMS, lambda pair, chain: certs_only((_of(pair.signing), *chain))),
    "encryption.pem": (_PEM, lambda pair, _: pem(_of(pair.encryption))),
    "encryption.cer": (_DER, lambda pair, _: _of(pair.encryption)),
    "encryption.p7c": (_CMS, lambda pair, chain: certs_only((_of(pair.encryption), *chain))),
    "pair.p7c": (_CMS, lambda pair, chain: certs_only((_of(pair.signing), _of(pair.encryption), *chain))),
    "chain.pem": (_PEM, lambda _, chain: pem(*chain)),
    "chain.p7c": (_CMS, lambda _, chain: certs_only(chain)),
}
"""What can be downloaded of a pair, by name: its media type and its content."""
