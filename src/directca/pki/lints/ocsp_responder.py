"""The verdict on a delegated responder's certificate when the responder is loaded: without a profile it answers nothing.

What was once decided about the certificate is taken from the certificate itself, as with a CA's own. Who signed it is
known, so the rules about the issuer are held against the CA that the responder answers for, its key included.
"""

from directca.pki.certificate_view import read_certificate
from directca.pki.der import DerError
from directca.pki.lints.authority_certificate import template_of
from directca.pki.lints.examined import Examined, apply
from directca.pki.lints.findings import Finding, Severity
from directca.pki.lints.verdicts import GROUPS
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer

PROFILE = "ocsp_responder"


def examine(encoded: bytes, issuer: Issuer, policy: Policy) -> tuple[Finding, ...]:
    """What is found on a responder's certificate. Its signature is for the signing room to verify."""
    try:
        view = read_certificate(encoded)
        template = template_of(view, PROFILE, policy)
    except (DerError, ValueError) as error:
        return (Finding(Severity.ERROR, "responder.is_a_certificate", str(error)),)
    examined = Examined(view, template, issuer, policy, policy.profile(PROFILE))
    rules = tuple(rule for _, group in GROUPS for rule in group)
    return tuple(apply("responder", rules, examined))
