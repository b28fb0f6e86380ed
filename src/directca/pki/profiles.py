"""The certificate policy as values: profiles, key rules, CRL rules, and the numbers of its other rules.

All of it is read from one data file, so that a change of policy is a change of data with a version and a hash, which
each order pins (Let's Encrypt 2023: a profile that changed between two steps of one order). Reading fails closed: a key
that is unknown, missing or of another type is an error that names it.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

from directca.direct.oids import ARC, CERTIFICATE_POLICY
from directca.pki.domain_rules import DomainRules, domain_rules
from directca.pki.errors import BadPolicy
from directca.pki.keys import KeyRules
from directca.pki.notice_rules import NoticeRules, notice_rules
from directca.pki.tables import Table

HOURS, DAYS = timedelta(hours=1), timedelta(days=1)


class KeyUsage(StrEnum):
    """The uses of a key that profiles may name (RFC 5280 4.2.1.3), in the order of their bits."""

    DIGITAL_SIGNATURE = "digitalSignature"
    NON_REPUDIATION = "nonRepudiation"
    KEY_ENCIPHERMENT = "keyEncipherment"
    KEY_CERT_SIGN = "keyCertSign"
    CRL_SIGN = "cRLSign"

    @property
    def bit(self) -> int:
        """The bit's position in the KeyUsage string."""
        return _BITS[self]


_BITS = {
    KeyUsage.DIGITAL_SIGNATURE: 0,
    KeyUsage.NON_REPUDIATION: 1,
    KeyUsage.KEY_ENCIPHERMENT: 2,
    KeyUsage.KEY_CERT_SIGN: 5,
    KeyUsage.CRL_SIGN: 6,
}


class PolicySet(StrEnum):
    """Which policies a profile's certificates assert."""

    NONE = "none"
    AUTHORITY = "authority"
    END_ENTITY = "end_entity"
    ANSWERS = "answers"


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """Whether the subject is a CA, and how many CAs may stand below it (None: no limit stated)."""

    certification_authority: bool
    path_length: int | None


@dataclass(frozen=True, slots=True)
class CertificateProfile:
    """What one kind of certificate looks like. An extension it does not name does not appear."""

    name: str
    maximum: timedelta
    minimum_bits: int
    basic_constraints: BasicConstraints | None
    key_usage: frozenset[KeyUsage]
    extended_key_usage: tuple[str, ...]
    extended_key_usage_critical: bool
    direct_name: bool
    policies: PolicySet
    crl_address: bool
    ca_issuers_address: bool
    ocsp_address: bool
    ocsp_nocheck: bool

    @property
    def is_authority(self) -> bool:
        """Whether the subject may sign certificates."""
        return self.basic_constraints is not None and self.basic_constraints.certification_authority


@dataclass(frozen=True, slots=True)
class Assertions:
    """The policy identifiers that certificates may assert, and the authority's own policy if it has one."""

    authority: str
    cp_versions: tuple[str, ...]
    assurances: tuple[str, ...]
    categories: tuple[str, ...]
    own_policy: str | None
    own_cps_uri: str | None

    @property
    def all_for_authority(self) -> tuple[str, ...]:
        """What the issuing CA asserts: everything that it may issue."""
        own = () if self.own_policy is None else (self.own_policy,)
        return (self.authority, *self.cp_versions, *self.assurances, *self.categories, *own)

    def for_end_entity(self, *, assurance: str, category: str, cp_version: str | None = None) -> tuple[str, ...]:
        """One CP version (the newest unless another is asked for), one assurance, one category, and the own policy.

        Raises BadPolicy for a value that the policy does not enable.
        """
        version = self.cp_versions[-1] if cp_version is None else cp_version
        for value, enabled in (
            (version, self.cp_versions),
            (assurance, self.assurances),
            (category, self.categories),
        ):
            if value not in enabled:
                raise BadPolicy(f"The policy does not enable the identifier {value}. Enable it or choose another.")
        # str(): the caller may hold members of direct.oids' enums, which would print otherwise in stored templates.
        own = () if self.own_policy is None else (self.own_policy,)
        return (str(version), str(assurance), str(category), *own)


@dataclass(frozen=True, slots=True)
class CrlRules:
    """How often CRLs are made and how long they last.

    An authority whose key is kept offline makes one that lasts for at most `offline_next_update`; it is asked for a new one
    `offline_renew_before` its end.
    """

    interval: timedelta
    longest_interval: timedelta
    next_update: timedelta
    offline_next_update: timedelta
    offline_renew_before: timedelta


@dataclass(frozen=True, slots=True)
class OcspRules:
    """How long a responder's certificate lasts, when before its end the next is made, and how long an answer lasts."""

    responder: timedelta
    renew_before: timedelta
    response: timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers of the certificate policy's other rules."""

    durations_years: tuple[int, ...]
    proofing_first_issue: timedelta
    proofing_maximum_years: int
    domain_claim: timedelta
    hold_maximum: timedelta
    overlap: timedelta
    reproof_after_revocation: bool
    agreement_version: str
    domains: DomainRules
    notices: NoticeRules


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the certificate policy; `sha256` is of the file it was read from."""

    version: str
    sha256: str
    development: bool
    assertions: Assertions
    keys: KeyRules
    crl: CrlRules
    ocsp: OcspRules
    rules: Rules
    profiles: Mapping[str, CertificateProfile]

    def for_offline_lists(self) -> "Policy":
        """The same policy as it holds for the CRLs of an authority whose key is kept offline: they last longer."""
        return replace(self, crl=replace(self.crl, next_update=self.crl.offline_next_update))

    def profile(self, name: str) -> CertificateProfile:
        """The profile of that name; raises BadPolicy if there is none."""
        try:
            return self.profiles[name]
        except KeyError as error:
            raise BadPolicy(f"The policy has no profile {name}. Add it.") from error

    def bits(self, profile: str, not_after: datetime) -> int:
        """How long a key must be at least for a certificate of the profile that ends then."""
        fewest = max(self.keys.minimum_bits, self.profile(profile).minimum_bits)
        return max(fewest, self.keys.long_life_bits) if not_after > self.keys.long_life_after else fewest


@cache
def shipped() -> Policy:
    """The policy that comes with the product."""
    return load(shipped_file())


def shipped_file() -> bytes:
    """The policy file that comes with the product, as a start for one's own."""
    return resources.files("directca.pki").joinpath("policy.toml").read_bytes()


def load(data: bytes) -> Policy:
    """Read a policy file. Raises BadPolicy with a sentence that names the key at fault."""
    try:
        content = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadPolicy(f"The policy is not a TOML file: {error}.") from error
    table = Table(content)
    # The policy files of the first releases have no table about domains, none about notices, and none about OCSP.
    domains = domain_rules(table.table("domains") if "domains" in table.names() else None)
    notices = notice_rules(table.table("notices") if "notices" in table.names() else None)
    rules = _rules(table.table("rules"), table.table("validity"), domains, notices)
    crl = _crl(table.table("crl"))
    policy = Policy(
        version=table.text("version"),
        sha256=hashlib.sha256(data).hexdigest(),
        development=table.flag("development"),
        assertions=_assertions(table.table("assertions")),
        keys=_keys(table.table("keys")),
        crl=crl,
        ocsp=_ocsp(table.table("ocsp") if "ocsp" in table.names() else Table({}, "ocsp."), crl),
        rules=rules,
        profiles=_profiles(table.table("profiles")),
    )
    table.close()
    return policy


def _assertions(table: Table) -> Assertions:
    own, uri = table.text("own_policy"), table.text("own_cps_uri")
    if bool(own) != bool(uri):
        table.refuse("own_cps_uri", "given together with own_policy, or both empty")
    assertions = Assertions(
        authority=table.text("authority"),
        cp_versions=_arcs(table, "cp_versions", f"{CERTIFICATE_POLICY}."),
        assurances=_arcs(table, "assurances", f"{ARC}.1."),
        categories=_arcs(table, "categories", f"{ARC}.2."),
        own_policy=own or None,
        own_cps_uri=uri or None,
    )
    if assertions.authority != CERTIFICATE_POLICY:
        table.refuse("authority", CERTIFICATE_POLICY)
    table.close()
    return assertions


def _arcs(table: Table, key: str, arc: str) -> tuple[str, ...]:
    values = table.texts(key)
    if not values or not all(value.startswith(arc) and value[len(arc) :].isdecimal() for value in values):
        table.refuse(key, f"a list, not empty, of identifiers directly below {arc[:-1]}")
    return values


def _keys(table: Table) -> KeyRules:
    rules = KeyRules(
        minimum_bits=table.number("minimum_bits", at_least=2048, at_most=16384),
        maximum_bits=table.number("maximum_bits", at_least=2048, at_most=16384),
        long_life_bits=table.number("long_life_bits", at_least=2048, at_most=16384),
        long_life_after=table.moment("long_life_after"),
        minimum_exponent=table.number("minimum_exponent", at_least=3, at_most=2**63),
        maximum_exponent_bits=table.number("maximum_exponent_bits", at_least=17, at_most=256),
    )
    table.close()
    return rules


def _crl(table: Table) -> CrlRules:
    rules = CrlRules(
        interval=table.span("interval_hours", unit=HOURS, at_most=24),
        longest_interval=table.span("longest_interval_hours", unit=HOURS, at_most=24),
        next_update=table.span("next_update_hours", unit=HOURS, at_most=240),
        offline_next_update=table.span("offline_next_update_days", unit=DAYS, at_most=400, default=190),
        offline_renew_before=table.span("offline_renew_before_days", unit=DAYS, at_most=200, default=30),
    )
    if not rules.interval <= rules.longest_interval < rules.next_update:
        table.refuse("next_update_hours", "longer than longest_interval_hours, and that no shorter than interval_hours")
    if not rules.offline_renew_before < rules.offline_next_update:
        table.refuse("offline_renew_before_days", "shorter than offline_next_update_days")
    table.close(but=("after_revocation_seconds",))
    return rules


def _ocsp(table: Table, crl: CrlRules) -> OcspRules:
    rules = OcspRules(
        responder=table.span("responder_days", unit=DAYS, at_most=120, default=30),
        renew_before=table.span("renew_before_days", unit=DAYS, at_most=119, default=10),
        response=table.span("response_hours", unit=HOURS, at_most=240, default=min(12, crl.next_update // HOURS)),
    )
    if not rules.renew_before < rules.responder:
        table.refuse("renew_before_days", "shorter than responder_days")
    if rules.response > crl.next_update:
        table.refuse("response_hours", "no longer than crl.next_update_hours: an answer is as fresh as a list")
    table.close()
    return rules


def _rules(table: Table, validity: Table, domains: DomainRules, notices: NoticeRules) -> Rules:
    claim = table.span("domain_claim_days", unit=DAYS, at_most=3650)
    rules = Rules(
        durations_years=validity.numbers("durations_years", at_least=1, at_most=3),
        proofing_first_issue=table.span("proofing_first_issue_days", unit=DAYS, at_most=3650),
        proofing_maximum_years=table.number("proofing_maximum_years", at_least=1, at_most=12),
        domain_claim=claim,
        hold_maximum=table.span("hold_maximum_days", unit=DAYS, at_most=365),
        overlap=HOURS * table.number("overlap_hours", at_least=0, at_most=720),
        reproof_after_revocation=table.flag("reproof_after_revocation"),
        agreement_version=table.text("agreement_version"),
        # What is renewed the moment it is verified would never rest.
        domains=replace(domains, renew_before=min(domains.renew_before, claim / 2)),
        notices=notices,
    )
    table.close(but=("retention_months", "retention_years_after_expiry"))
    validity.close()
    return rules


def _profiles(table: Table) -> Mapping[str, CertificateProfile]:
    return MappingProxyType({name: _profile(name, table.table(name)) for name in table.names()})


def _profile(name: str, table: Table) -> CertificateProfile:
    profile = CertificateProfile(
        name=name,
        maximum=table.span("maximum_days", unit=DAYS, at_most=10957),
        minimum_bits=table.number("minimum_bits", at_least=2048, at_most=16384),
        basic_constraints=_basic_constraints(table),
        key_usage=_key_usage(table),
        extended_key_usage=table.texts("extended_key_usage"),
        extended_key_usage_critical=table.flag("extended_key_usage_critical"),
        direct_name=table.flag("direct_name"),
        policies=_policy_set(table),
        crl_address=table.flag("crl_address"),
        ca_issuers_address=table.flag("ca_issuers_address"),
        ocsp_address=table.flag("ocsp_address"),
        ocsp_nocheck=table.flag("ocsp_nocheck"),
    )
    table.close()
    return profile


def _basic_constraints(table: Table) -> BasicConstraints | None:
    present = table.flag("basic_constraints")
    authority = table.flag("certification_authority")
    path_length = table.number("path_length", at_least=-1, at_most=9)
    if (authority and not present) or (path_length >= 0 and not authority):
        table.refuse("path_length", "-1 and certification_authority false, where there is no CA to limit")
    return BasicConstraints(authority, None if path_length < 0 else path_length) if present else None


def _key_usage(table: Table) -> frozenset[KeyUsage]:
    names = table.texts("key_usage")
    try:
        return frozenset(KeyUsage(name) for name in names) or table.refuse("key_usage", "a list that is not empty")
    except ValueError:
        table.refuse("key_usage", f"a list of {', '.join(KeyUsage)}")


def _policy_set(table: Table) -> PolicySet:
    try:
        return PolicySet(table.text("policies"))
    except ValueError:
        table.refuse("policies", f"one of {', '.join(PolicySet)}")
