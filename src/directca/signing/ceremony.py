"""Making a root and its issuing CA, on the same way to a signature as every other certificate: encode, rehearse, sign.

The keys are made before and given here behind the port. What a person decides (names, dates, serial numbers) is an
argument, so that a ceremony can be scripted, rehearsed and recorded.
"""

from dataclasses import dataclass
from datetime import datetime

from directca.pki.certificate_view import self_issuer
from directca.pki.profiles import Policy
from directca.pki.templates import (
    Addresses,
    Subject,
    Template,
    assemble,
    encode,
    not_after,
)
from directca.signing.authority import Authority, Guard
from directca.signing.port import SigningKey
from directca.signing.rehearsal import rehearse_certificate

_NO_ADDRESSES = Addresses(crl=None, ca_issuers=None)


@dataclass(frozen=True, slots=True)
class AuthorityPlan:
    """What is decided about a CA before its ceremony. `years` are counted from `not_before`, inclusively."""

    subject: Subject
    serial: int
    not_before: datetime
    years: int


def make_root(plan: AuthorityPlan, key: SigningKey, policy: Policy, guard: Guard) -> bytes:
    """The DER certificate of a new trust anchor, which certifies itself. Raises LintFailed and what signing raises."""
    template = _template("root", plan, key, policy, _NO_ADDRESSES, ())
    return _certify(template, Authority(self_issuer(template), key, policy, guard))


def make_issuing(plan: AuthorityPlan, key: SigningKey, root: Authority, addresses: Addresses) -> bytes:
    """The DER certificate of a new issuing CA below `root`; `addresses` are the root's. Raises as `make_root` does."""
    policies = root.policy.assertions.all_for_authority
    return _certify(_template("issuing_ca", plan, key, root.policy, addresses, policies), root)


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
