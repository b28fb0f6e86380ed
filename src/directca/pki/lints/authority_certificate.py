"""The verdict on a CA's own certificate when the CA is loaded: a CA that no profile describes signs nothing.

(D-Trust 2026, Let's Encrypt 2026: objects outside the linted kinds.) What was once decided about the certificate and who
signed it are not at hand then, so both are taken from the certificate itself. Which policies it asserts is not held
against today's lists, which may have grown since; its subscribers' policies are held against it instead.
"""

from directca.pki import der, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.certificate_view import CertificateView, read_certificate
from directca.pki.der import DerError
from directca.pki.extensions import (
    read_authority_key_id,
    read_distribution_point,
    read_information_access,
    read_policies,
)
from directca.pki.lints import direct_profile, policy, rfc5280
from directca.pki.lints.examined import Examined, apply
from directca.pki.lints.findings import Finding, Severity
from directca.pki.profiles import Policy
from directca.pki.templates import Addresses, Issuer, Subject, Template

_RULES = (
    *rfc5280.RULES,
    *direct_profile.RULES,
    *(rule for rule in policy.RULES if rule is not policy.policies_are_of_the_profile),
)


def examine(encoded: bytes, policy_in_use: Policy) -> tuple[Finding, ...]:
    """What is found on a root's or an issuing CA's certificate. Raises BadPolicy if there is no profile for it."""
    try:
        view = read_certificate(encoded)
        name = "root" if view.subject_der == view.issuer_der else "issuing_ca"
        template, issuer = template_of(view, name, policy_in_use), _issuer(view)
    except (DerError, ValueError) as error:
        return (Finding(Severity.ERROR, "authority.is_a_certificate", str(error)),)
    examined = Examined(view, template, issuer, policy_in_use, policy_in_use.profile(name))
    return tuple(apply("authority", _RULES, examined))


def _issuer(view: CertificateView) -> Issuer:
    key_id = view.extension(oids.AUTHORITY_KEY_ID)
    algorithm = der.children(der.read(view.inner_algorithm))
    return Issuer(
        name_der=view.issuer_der,
        key_id=b"" if key_id is None else read_authority_key_id(key_id.value),
        spki_der=b"",
        not_before=der.read_time(view.not_before),
        not_after=der.read_time(view.not_after),
        policies=frozenset(),
        certificate_der=None,
        algorithm=SignatureAlgorithm(der.read_oid(algorithm[0]) if algorithm else ""),
    )


def template_of(view: CertificateView, profile: str, policy_in_use: Policy) -> Template:
    """What a template would have decided for the certificate to look as it does. Raises DerError."""
    points = view.extension(oids.CRL_DISTRIBUTION_POINTS)
    access = view.extension(oids.AUTHORITY_INFO_ACCESS)
    policies = view.extension(oids.CERTIFICATE_POLICIES)
    return Template(
        profile=profile,
        serial=der.read_integer(view.serial),
        subject=_subject(view),
        direct_name=None,
        spki_der=view.key.der,
        not_before=der.read_time(view.not_before),
        not_after=der.read_time(view.not_after),
        policies=() if policies is None else tuple(read_policies(policies.value)),
        addresses=Addresses(
            crl=None if points is None else read_distribution_point(points.value),
            ca_issuers=None if access is None else dict(read_information_access(access.value)).get(oids.CA_ISSUERS),
        ),
        policy_version=policy_in_use.version,
        policy_sha256=policy_in_use.sha256,
    )


def _subject(view: CertificateView) -> Subject:
    """The subject in the form of a template; a rule compares it with the certificate, so nothing it leaves out is missed."""
    country, organization, common_name = (
        next(iter(view.values(kind)), "") for kind in (oids.COUNTRY, oids.ORGANIZATION, oids.COMMON_NAME)
    )
    state, locality = (next(iter(view.values(kind)), None) for kind in (oids.STATE, oids.LOCALITY))
    return Subject(country, state, locality, organization, view.values(oids.ORGANIZATIONAL_UNIT), common_name)
