"""The verdict on a certificate that is about to be signed: our own rules on its bytes, then the PKIX linter's."""

from directca.pki import oids
from directca.pki.certificate_view import CertificateView, read_certificate
from directca.pki.der import DerError
from directca.pki.lints import pkix
from directca.pki.lints.errors import LintFailed
from directca.pki.lints.examined import Examined, apply
from directca.pki.lints.findings import Finding, Severity
from directca.pki.lints.verdicts import ABOUT_SLOTS, GROUPS, KnownVerdicts
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer, Template

_REMEMBERED = 1024
_KNOWN = KnownVerdicts(_REMEMBERED)
_DIFFERS_IN_A_PAIR = frozenset((oids.SUBJECT_KEY_ID, oids.KEY_USAGE))


def examine(encoded: bytes, template: Template, issuer: Issuer, policy_in_use: Policy) -> tuple[Finding, ...]:
    """Everything that is found on an encoded certificate, whose signature may still be a placeholder."""
    try:
        view = read_certificate(encoded)
    except DerError as error:
        return (Finding(Severity.ERROR, "encoding.is_a_certificate", str(error)),)
    examined = Examined(view, template, issuer, policy_in_use, policy_in_use.profile(template.profile))
    known = _KNOWN.notices(examined)
    findings = tuple(
        found for group, rules in (GROUPS if known is None else ABOUT_SLOTS) for found in apply(group, rules, examined)
    )
    if findings:
        return findings
    if known is not None:
        return known
    # The PKIX linter's verdict is kept by shape, and a shape leaves out what the rules above looked at: so only behind them.
    notices = pkix.examine_certificate(encoded, view)
    if all(finding.severity <= Severity.NOTICE for finding in notices):
        _KNOWN.add(examined, notices)
    return notices


def examine_pair(signing: bytes, encryption: bytes) -> tuple[Finding, ...]:
    """What distinguishes the two certificates of a pair besides key, serial number and key usage."""
    try:
        one, other = read_certificate(signing), read_certificate(encryption)
    except DerError as error:
        return (Finding(Severity.ERROR, "encoding.is_a_certificate", str(error)),)
    findings = []
    if _common(one) != _common(other):
        findings.append(Finding(Severity.ERROR, "pair.is_identical_elsewhere", "the certificates of the pair differ"))
    if one.key.modulus == other.key.modulus:
        findings.append(Finding(Severity.ERROR, "pair.has_two_keys", "both certificates are for one key"))
    if one.serial == other.serial:
        findings.append(Finding(Severity.ERROR, "pair.has_two_serials", "both certificates have one serial number"))
    return tuple(findings)


def stop_on(findings: tuple[Finding, ...]) -> None:
    """Raise LintFailed if anything above a notice was found."""
    grave = tuple(finding for finding in findings if finding.severity > Severity.NOTICE)
    if grave:
        raise LintFailed(grave)


def _common(view: CertificateView) -> tuple[object, ...]:
    extensions = tuple(
        (extension.kind, extension.critical, None if extension.kind in _DIFFERS_IN_A_PAIR else extension.value)
        for extension in view.extensions
    )
    return (view.inner_algorithm, view.issuer_der, view.not_before, view.not_after, view.subject_der, extensions)
