# pkilint has no type hints.
# mypy: disallow-untyped-calls=False

"""pkilint's PKIX validators, put together once: loading them takes a quarter of a second, so `pkix.py` does it late."""

from collections.abc import Iterable

from pkilint.loader import (
    RFC5280CertificateDocumentLoader,
    RFC5280CertificateListDocumentLoader,
    RFC6960OCSPResponseDocumentLoader,
)
from pkilint.pkix import certificate, create_attribute_decoder, create_extension_decoder, crl, extension, name, ocsp
from pkilint.validation import ValidationFindingSeverity, ValidationResult

from directca.pki.lints.findings import Finding, Severity

_SEVERITIES = {
    ValidationFindingSeverity.FATAL: Severity.ERROR,
    ValidationFindingSeverity.ERROR: Severity.ERROR,
    ValidationFindingSeverity.WARNING: Severity.WARNING,
    ValidationFindingSeverity.NOTICE: Severity.NOTICE,
}

_CERTIFICATE = certificate.create_pkix_certificate_validator_container(
    certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
    [
        certificate.create_issuer_validator_container([]),
        certificate.create_validity_validator_container(),
        certificate.create_subject_validator_container([]),
        certificate.create_extensions_validator_container([]),
        certificate.create_spki_validator_container([]),
    ],
)
_REVOCATION_LIST = crl.create_pkix_crl_validator_container(
    [
        create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ],
    [
        crl.create_issuer_validator_container([]),
        crl.create_validity_validator_container([]),
        crl.create_extensions_validator_container([]),
    ],
)
_OCSP_RESPONSE = ocsp.create_pkix_ocsp_response_validator_container(
    [
        ocsp.create_response_decoder(),
        create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
        create_extension_decoder(extension.EXTENSION_MAPPINGS),
    ],
    [],
)


def judge_certificate(encoded: bytes) -> tuple[Finding, ...]:
    """What the PKIX validators find on a certificate, every time anew."""
    try:
        document = RFC5280CertificateDocumentLoader().load_der_document(encoded)
    except ValueError as error:
        return (Finding(Severity.ERROR, "pkix.is_a_certificate", str(error)),)
    return _findings(_CERTIFICATE.validate(document.root))


def judge_revocation_list(encoded: bytes) -> tuple[Finding, ...]:
    """What the PKIX validators find on a CRL. Their cost grows with its entries, by about 0.3 ms each."""
    try:
        document = RFC5280CertificateListDocumentLoader().load_der_document(encoded)
    except ValueError as error:
        return (Finding(Severity.ERROR, "pkix.is_a_crl", str(error)),)
    return _findings(_REVOCATION_LIST.validate(document.root))


def judge_ocsp_response(encoded: bytes) -> tuple[Finding, ...]:
    """What the PKIX validators find on an OCSP response, every time anew."""
    try:
        document = RFC6960OCSPResponseDocumentLoader().load_der_document(encoded)
    except ValueError as error:
        return (Finding(Severity.ERROR, "pkix.is_an_ocsp_response", str(error)),)
    return _findings(_OCSP_RESPONSE.validate(document.root))


def _findings(results: Iterable[ValidationResult]) -> tuple[Finding, ...]:
    return tuple(
        Finding(
            _SEVERITIES[description.finding.severity],
            description.finding.code,
            f"{description.message or 'no message'} ({result.node.path})",
        )
        for result in results
        for description in result.finding_descriptions
        if description.finding.severity in _SEVERITIES
    )
