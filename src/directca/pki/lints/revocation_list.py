"""The verdict on a CRL that is about to be signed: our own rules on its bytes, then other people's readers.

Every entry was held against its rules when it was encoded, and a list is held to have exactly those bytes. So of a long list no
more than the beginning is decoded here; all of it goes through the strict parser of `cryptography`.
"""

from cryptography.x509 import load_der_x509_crl

from directca.pki import der
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.crl_view import CrlView, read_crl, read_entries
from directca.pki.der import DerError
from directca.pki.lints import crl_rules, pkix
from directca.pki.lints.crl_rules import ExaminedCrl, read_entry
from directca.pki.lints.examined import apply
from directca.pki.lints.findings import Finding, Severity
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer

_JUDGED_ENTRIES = 50
_SHORT = 65_536
_ENTRIES_FIELD = 5


def examine(encoded: bytes, template: CrlTemplate, issuer: Issuer, policy: Policy) -> tuple[Finding, ...]:
    """Everything that is found on an encoded CRL, whose signature may still be a placeholder."""
    try:
        view = read_crl(encoded)
        beginning = _beginning(view)
        entries = tuple(map(read_entry, read_entries(beginning)))
        long = view.entries is not None and len(beginning) < len(view.entries)
        count = len(load_der_x509_crl(encoded)) if long else len(entries)
        examined = ExaminedCrl(view, entries, count, template, issuer, policy)
    except (DerError, ValueError) as error:
        return (Finding(Severity.ERROR, "encoding.is_a_crl", str(error)),)
    findings = apply("crl", crl_rules.RULES, examined)
    return tuple(findings) or pkix.judge_revocation_list(_shortened(encoded, beginning))


def examine_entry(encoded: bytes, wanted: RevokedEntry) -> None:
    """Raise DerError unless an entry that is about to be kept says exactly what was decided."""
    (view,) = read_entries(encoded)
    if read_entry(view) != wanted or wanted.serial < 1:
        raise DerError("The entry is not the one decided.")


def _beginning(view: CrlView) -> bytes:
    """The run of entries, or of a long one as many whole entries as fit."""
    run = view.entries or b""
    if len(run) <= _SHORT:
        return bytes(run)
    end = 0
    while end < _SHORT:
        size = run[end + 1]  # kept entries are shorter than 128 octets
        end += size + 2
    return bytes(run[:end])


def _shortened(encoded: bytes, beginning: bytes) -> bytes:
    """The CRL with no more than its first entries: the PKIX linter takes 0.3 ms for each, and our own rules hold for all."""
    (whole,) = der.windows(encoded)
    tbs, *rest = der.elements(whole.content)
    fields = [field.encoded for field in der.elements(tbs.content)]
    if len(fields) > _ENTRIES_FIELD + 1:
        judged = [entry.encoded for entry in der.elements(beginning)[:_JUDGED_ENTRIES]]
        fields[_ENTRIES_FIELD] = der.sequence_of(judged)
    return der.sequence(der.sequence_of(fields), *(bytes(part.encoded) for part in rest))
