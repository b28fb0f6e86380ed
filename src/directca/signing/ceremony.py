"""Making a root, its issuing CA and the CA's OCSP responders, on the way of every certificate: encode, rehearse, sign.

The keys are made before and given here behind the port. What a person decides (names, dates, serial numbers) is an
argument, so that a ceremony can be scripted, rehearsed and recorded.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.pki import oids
from directca.pki.certificate_view import CertificateView, read_certificate, self_issuer
from directca.pki.lints.ocsp_responder import PROFILE
from directca.pki.profiles import Policy
from directca.pki.templates import (
    Addresses,
    Subject,
    Template,
    assemble,
    encode,
    not_after,
)
from directca.signing.authority import Authority
from directca.signing.port import SigningKey
from directca.signing.rehearsal import Rehearsed, rehearse_certificate
from directca.signing.rehearsed_only import Guard

_SHOWN_DIGITS = 8
_COMMON_NAME_CHARACTERS = 64
_NO_ADDRESSES = Addresses(crl=None, ca_issuers=None)


@dataclass(frozen=True, slots=True)
class AuthorityPlan:
    """What is decided about a CA before its ceremony. `years` are counted from `not_before`, inclusively."""

    subject: Subject
    serial: int
    not_before: datetime
    years: int


@dataclass(frozen=True, slots=True)
class ResponderPlan:
    """What is decided about an OCSP responder before it is made. How long it lasts is for the policy to say."""

    serial: int
    not_before: datetime


def make_root(plan: AuthorityPlan, key: SigningKey, policy: Policy, guard: Guard) -> bytes:
    """The DER certificate of a new trust anchor, which certifies itself. Raises LintFailed and what signing raises."""
    template = _template("root", plan, key, policy, _NO_ADDRESSES, ())
    return _certify(template, Authority(self_issuer(template), key, policy, guard))


def make_issuing(plan: AuthorityPlan, key: SigningKey, root: Authority, addresses: Addresses) -> bytes:
    """The DER certificate of a new issuing CA below `root`; `addresses` are the root's. Raises as `make_root` does."""
    policies = root.policy.assertions.all_for_authority
    return _certify(_template("issuing_ca", plan, key, root.policy, addresses, policies), root)


def rehearse_responder(
    plan: ResponderPlan, spki_der: bytes, authority: Authority, addresses: Addresses
) -> tuple[Template, Rehearsed]:
    """The certificate of a new OCSP responder of `authority`, linted and not signed; `addresses` are the authority's.

    `rehearsed.to_be_signed` is to be stored before `authority.sign(rehearsed)`; then `assemble` makes the certificate of
    both. Raises LintFailed; nothing is signed then.
    """
    policy, issuer = authority.policy, authority.issuer
    template = Template(
        profile=PROFILE,
        serial=plan.serial,
        subject=_responder_subject(read_certificate(issuer.certificate_der or b""), plan.serial),
        direct_name=None,
        spki_der=spki_der,
        not_before=plan.not_before,
        not_after=responder_not_after(plan, authority),
        policies=tuple(sorted(issuer.policies)),
        addresses=addresses,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
    )
    return template, rehearse_certificate(encode(template, issuer, policy), template, issuer, policy)


def responder_not_after(plan: ResponderPlan, authority: Authority) -> datetime:
    """The last second of a responder's validity, which never outlasts its CA's. `Policy.bits` tells the key that it needs."""
    policy = authority.policy
    lasts = min(policy.ocsp.responder, policy.profile(PROFILE).maximum)
    return min(plan.not_before + lasts - timedelta(seconds=1), authority.issuer.not_after)


def _responder_subject(authority: CertificateView, serial: int) -> Subject:
    """Country and organization of the CA; its name and the number's beginning, which tells one responder from the next."""
    (country,), (organization,), (name,) = map(authority.values, (oids.COUNTRY, oids.ORGANIZATION, oids.COMMON_NAME))
    distinction = f" OCSP {serial:032x}"[: len(" OCSP ") + _SHOWN_DIGITS]
    # Appendix A of RFC 5280 allows 64 characters.
    shortened = name[: _COMMON_NAME_CHARACTERS - len(distinction)].rstrip()
    return Subject(country, None, None, organization, (), shortened + distinction)


def _template(
    profile: str,
    plan: AuthorityPlan,
    key: SigningKey,
    policy: Policy,
    addresses: Addresses,
    policies: tuple[str, ...],
) -> Template:
    return Template(
        profile=profile,
        serial=plan.serial,
        subject=plan.subject,
        direct_name=None,
        spki_der=key.spki_der,
        not_before=plan.not_before,
        not_after=not_after(plan.not_before, years=plan.years, maximum=policy.profile(profile).maximum),
        policies=policies,
        addresses=addresses,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
    )


def _certify(template: Template, authority: Authority) -> bytes:
    to_be_signed = encode(template, authority.issuer, authority.policy)
    rehearsed = rehearse_certificate(to_be_signed, template, authority.issuer, authority.policy)
    return assemble(to_be_signed, authority.sign(rehearsed))
