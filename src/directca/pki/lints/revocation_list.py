"""The verdict on a CRL that is about to be signed: our own rules on its bytes, then the PKIX linter's."""

from directca.pki import der
from directca.pki.crl import CrlTemplate
from directca.pki.crl_view import read_crl
from directca.pki.der import DerError
from directca.pki.lints import crl_rules, pkix
from directca.pki.lints.crl_rules import ExaminedCrl, read_entry
from directca.pki.lints.examined import apply
from directca.pki.lints.findings import Finding, Severity
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer

_JUDGED_ENTRIES = 50
_ENTRIES_FIELD = 5


def examine(encoded: bytes, template: CrlTemplate, issuer: Issuer, policy: Policy) -> tuple[Finding, ...]:
    """Everything that is found on an encoded CRL, whose signature may still be a placeholder."""
    try:
        view = read_crl(encoded)
        examined = ExaminedCrl(view, tuple(map(read_entry, view.entries or ())), template, issuer, policy)
    except DerError as error:
        return (Finding(Severity.ERROR, "encoding.is_a_crl", str(error)),)
    findings = apply("crl", crl_rules.RULES, examined)
    return tuple(findings) or pkix.judge_revocation_list(_beginning(encoded))


def _beginning(encoded: bytes) -> bytes:
    """The CRL with no more than its first entries: the PKIX linter takes 0.3 ms for each, and our own rules hold for all."""
    tbs, *rest = der.children(der.read(encoded), der.SEQUENCE)
    fields = der.children(tbs, der.SEQUENCE)
    entries = der.children(fields[_ENTRIES_FIELD]) if fields[_ENTRIES_FIELD].tag == der.SEQUENCE else []
    if len(entries) <= _JUDGED_ENTRIES:
        return encoded
    fields[_ENTRIES_FIELD] = der.read(der.sequence_of(entry.encoded for entry in entries[:_JUDGED_ENTRIES]))
    return der.sequence(der.sequence_of(field.encoded for field in fields), *(part.encoded for part in rest))
