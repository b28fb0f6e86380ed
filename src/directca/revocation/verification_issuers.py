"""Whether the certificate at a caIssuers address is the issuer's, and the `.p7c` beside it holds the chain (RFC 5280 4.2.2.1)."""

import contextlib
from collections.abc import Iterator, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from directca.revocation.verification_model import Findings


def chain_address(address: str) -> str | None:
    """Where the chain is, beside a certificate; None when the address is not a certificate's."""
    return f"{address.removesuffix('.cer')}.p7c" if address.endswith(".cer") else None


def check_issuer(findings: Findings, address: str, body: bytes, registered: bytes, children: Sequence[bytes]) -> None:
    """The certificate there is the one that the register has of the authority, and verifies what the authority certified."""
    try:
        found = x509.load_der_x509_certificate(body)
    except ValueError:
        findings.add("aia_readable", address, "What is there is no certificate in DER. Correct what serves it.")
        return
    for child in map(x509.load_der_x509_certificate, children):
        try:
            child.verify_directly_issued_by(found)
        except (InvalidSignature, ValueError, TypeError):
            findings.add(
                "aia_issuer",
                address,
                f"The certificate there, of {found.subject.rfc4514_string()}, did not sign {child.serial_number:x}, which "
                "names it. Serve the authority's own certificate.",
            )
    if body != registered:
        findings.add("aia_registered", address, "The certificate there is not the one in the register. Serve that one.")


def check_chain(findings: Findings, address: str, body: bytes, wanted: Sequence[bytes]) -> None:
    """The certificates there are the issuer's and those above it."""
    try:
        found = {one.public_bytes(Encoding.DER) for one in pkcs7.load_der_pkcs7_certificates(body)}
    except ValueError:
        findings.add("aia_readable", address, "What is there is no certs-only message. Correct what serves it.")
        return
    for one in wanted:
        if one not in found:
            name = x509.load_der_x509_certificate(one).subject.rfc4514_string()
            findings.add("aia_chain", address, f"The certificate of {name} is missing there. Serve the whole chain.")


def addresses_in(certificate: bytes) -> Iterator[str]:
    """Every address that a certificate names for lists, issuers and OCSP."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    names: list[x509.GeneralName] = []
    with contextlib.suppress(x509.ExtensionNotFound):
        for point in extensions.get_extension_for_class(x509.CRLDistributionPoints).value:
            names.extend(point.full_name or ())
    with contextlib.suppress(x509.ExtensionNotFound):
        names.extend(one.access_location for one in extensions.get_extension_for_class(x509.AuthorityInformationAccess).value)
    yield from (one.value for one in names if isinstance(one, x509.UniformResourceIdentifier))
