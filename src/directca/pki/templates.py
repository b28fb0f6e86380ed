"""A certificate before it is signed: the facts that were decided, and their one encoding as TBSCertificate (RFC 5280 4.1).

The encoding is made once. Those bytes are what is linted, stored as intent, signed and compared afterwards, so nothing
between here and the signature encodes again. Which extensions appear is for the profile alone to say: a template has
no place where a request could put one. Issuer name and public key are spliced in verbatim, because a name that is
"the same" in other bytes breaks the chain (RFC 5280 4.1.2.4), and a key that is read and written again may change.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from directca.direct.names import DirectName, Kind
from directca.pki import der, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.profiles import BasicConstraints, CertificateProfile, Policy, PolicySet

SERIAL_OCTETS = 16
_VERSION_3 = der.explicit(0, der.integer(2))
_NO_CHECK = b"\x05\x00"
_REMEMBERED = 1024


@dataclass(frozen=True, slots=True)
class Subject:
    """The distinguished name, built from vetted records: C, ST, L, O, OU*, CN. What is None is left out."""

    country: str
    state: str | None
    locality: str | None
    organization: str
    organizational_units: tuple[str, ...]
    common_name: str

    def attributes(self) -> Iterator[tuple[str, str]]:
        """The attributes in the order in which they stand in the name."""
        yield oids.COUNTRY, self.country
        if self.state is not None:
            yield oids.STATE, self.state
        if self.locality is not None:
            yield oids.LOCALITY, self.locality
        yield oids.ORGANIZATION, self.organization
        for unit in self.organizational_units:
            yield oids.ORGANIZATIONAL_UNIT, unit
        yield oids.COMMON_NAME, self.common_name


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where relying parties find the issuer's CRL, certificate and OCSP responder. None: nothing answers there yet."""

    crl: str | None
    ca_issuers: str | None
    ocsp: str | None = None


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA as those it certifies see it. `certificate_der` is None only while a root certifies itself."""

    name_der: bytes
    key_id: bytes
    spki_der: bytes
    not_before: datetime
    not_after: datetime
    policies: frozenset[str]
    certificate_der: bytes | None
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256

    @property
    def id(self) -> str:
        """Name and key make a CA (X.509 has no other identity); the SHA-256 over both, in hex."""
        return _issuer_id(self.name_der, self.spki_der)


@dataclass(frozen=True, slots=True)
class Template:
    """Everything about one certificate that was decided before it is encoded, with the policy it was decided under."""

    profile: str
    serial: int
    subject: Subject
    direct_name: DirectName | None
    spki_der: bytes
    not_before: datetime
    not_after: datetime
    policies: tuple[str, ...]
    addresses: Addresses
    policy_version: str
    policy_sha256: str


def encode(template: Template, issuer: Issuer, policy: Policy) -> bytes:
    """The TBSCertificate of a template, under the profile that it names. Nothing is checked here: that is for the lints.

    Raises DerError when a value has no encoding, ValueError when the template lacks what its profile demands.
    """
    profile = policy.profile(template.profile)
    common = _COMMON.of(template, issuer, policy)
    return der.sequence(
        _VERSION_3,
        der.integer(template.serial),
        common.issuer,
        der.sequence(der.time(template.not_before), der.time(template.not_after)),
        encode_name(template.subject),
        template.spki_der,
        der.explicit(
            3,
            der.sequence(
                common.authority_key_id,
                extension(oids.SUBJECT_KEY_ID, der.octet_string(key_id(template.spki_der))),
                common.usage_and_policies,
                extension(oids.SUBJECT_ALT_NAME, der.sequence(_general_name(template))) if profile.direct_name else b"",
                common.other_extensions,
            ),
        ),
    )


def assemble(tbs: bytes, signature: bytes) -> bytes:
    """The Certificate: the bytes that were signed, their own algorithm once more outside (RFC 5280 4.1.1.2), the signature."""
    return der.sequence(tbs, _algorithm_of_certificate(tbs), der.bit_string(signature))


def signed(to_be_signed: bytes, signature: bytes, *, algorithm_at: int) -> bytes:
    """The signed form that certificates and CRLs share. Raises DerError when there is no field where the algorithm belongs."""
    return der.sequence(to_be_signed, _algorithm(to_be_signed, algorithm_at), der.bit_string(signature))


@lru_cache(maxsize=64)
def _algorithm_of_certificate(tbs: bytes) -> bytes:
    # Remembered, since a certificate is put together under its placeholder, beside its twin, and under its signature.
    return _algorithm(tbs, 2)


def _algorithm(to_be_signed: bytes, at: int) -> bytes:
    fields = der.first_children(der.read(to_be_signed, der.SEQUENCE), at + 1)
    if len(fields) <= at:
        raise der.DerError("What is to be signed has no algorithm.")
    return fields[at].encoded


def encode_name(subject: Subject) -> bytes:
    """The Name: one attribute in each RDN, PrintableString where the characters allow it, else UTF8String."""
    return der.sequence_of(_attribute(kind, value) for kind, value in subject.attributes())


@lru_cache(maxsize=16)
def _issuer_id(name_der: bytes, spki_der: bytes) -> str:
    return hashlib.sha256(name_der + spki_der).hexdigest()


@lru_cache(maxsize=64)
def key_id(spki_der: bytes) -> bytes:
    """The SHA-1 of the public key's bits (RFC 5280 4.2.1.2 method 1).

    It names a key and protects nothing, so SHA-1's collisions do not matter here; and it is what every other tool
    computes for the same key, which RFC 7093's truncated SHA-256 is not.
    """
    bits, _ = der.read_bit_string(der.children(der.read(spki_der), der.SEQUENCE)[1])
    return hashlib.sha1(bits, usedforsecurity=False).digest()


def new_serial(random_bytes: Callable[[int], bytes]) -> int:
    """A serial number of 128 random bits, all of them after the sign bit, positive.

    63 bits cost the industry millions of revocations in 2019. 128 bits print as at most 32 hexadecimal digits, the
    width of the published API's sample, so that clients which store them so keep working.
    """
    while (serial := int.from_bytes(random_bytes(SERIAL_OCTETS), "big")) == 0:
        pass
    return serial


def not_after(not_before: datetime, *, years: int, maximum: timedelta) -> datetime:
    """The last second of a validity of so many calendar years, both ends counted, and no longer than `maximum`.

    notAfter belongs to the validity, so it is one second before the anniversary (Let's Encrypt 2021: 90 days and one
    second). A validity from 29 February ends with 27 or 28 February, never in March. Three years with a leap day in
    them are a day longer than the 1095 days that the policy allows; then the policy wins.
    """
    try:
        anniversary = not_before.replace(year=not_before.year + years)
    except ValueError:
        anniversary = not_before.replace(year=not_before.year + years, day=28)
    return min(anniversary, not_before + maximum) - timedelta(seconds=1)


class _Common(NamedTuple):
    """The parts that certificates have in common for which the same was decided, encoded."""

    issuer: bytes
    authority_key_id: bytes
    usage_and_policies: bytes
    other_extensions: bytes


_Decided = tuple[str, tuple[str, ...], Addresses]


class _KnownCommon:
    """These parts, encoded once: of one issuer and policy at a time, the very objects. Safe for threads, of which each encodes
    them itself if they come at once."""

    def __init__(self) -> None:
        self._known: tuple[Issuer | None, Policy | None, dict[_Decided, _Common]] = (None, None, {})

    def of(self, template: Template, issuer: Issuer, policy: Policy) -> _Common:
        """What certificates of this template have in common with others."""
        known_issuer, known_policy, known = self._known
        if known_issuer is not issuer or known_policy is not policy:
            known = {}
            self._known = (issuer, policy, known)
        decided = (template.profile, template.policies, template.addresses)
        found = known.get(decided)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[decided] = _common(template, issuer, policy)
        return found


_COMMON = _KnownCommon()


def _common(template: Template, issuer: Issuer, policy: Policy) -> _Common:
    profile = policy.profile(template.profile)
    own = None
    if policy.assertions.own_policy is not None:
        own = (policy.assertions.own_policy, policy.assertions.own_cps_uri or "")
    return _Common(
        issuer=issuer.algorithm.identifier + issuer.name_der,
        authority_key_id=extension(oids.AUTHORITY_KEY_ID, der.sequence(der.implicit(0, issuer.key_id))),
        usage_and_policies=_key_usage(profile)
        + (b"" if profile.policies is PolicySet.NONE else _certificate_policies(template.policies, own)),
        other_extensions=b"".join(_other_extensions(template, profile)),
    )


def _other_extensions(template: Template, profile: CertificateProfile) -> Iterator[bytes]:
    if profile.basic_constraints is not None:
        yield _basic_constraints(profile.basic_constraints)
    if profile.extended_key_usage:
        purposes = der.sequence_of(map(der.oid, profile.extended_key_usage))
        yield extension(oids.EXTENDED_KEY_USAGE, purposes, critical=profile.extended_key_usage_critical)
    yield from _addresses(template.addresses, profile)
    if profile.ocsp_nocheck:
        yield extension(oids.OCSP_NO_CHECK, _NO_CHECK)


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    """An Extension; `critical` FALSE is the default and therefore not written (X.690 11.5)."""
    return der.sequence(der.oid(kind), der.TRUE if critical else b"", der.octet_string(value))


@lru_cache(maxsize=1024)
def _attribute(kind: str, value: str) -> bytes:
    # countryName is PrintableString by definition (X.520); anything else must fail here, not become UTF8String.
    text = der.printable(value) if kind == oids.COUNTRY or der.is_printable(value) else der.utf8(value)
    return der.set_of((der.sequence(der.oid(kind), text),))


def _key_usage(profile: CertificateProfile) -> bytes:
    return extension(oids.KEY_USAGE, der.named_bits(use.bit for use in profile.key_usage), critical=True)


def _certificate_policies(policies: tuple[str, ...], own: tuple[str, str] | None) -> bytes:
    return extension(oids.CERTIFICATE_POLICIES, der.sequence_of(_policy(policy, own) for policy in policies))


def _policy(policy: str, own: tuple[str, str] | None) -> bytes:
    if own is None or policy != own[0]:
        return der.sequence(der.oid(policy))
    qualifier = der.sequence(der.oid(oids.CPS_QUALIFIER), der.ia5(own[1]))
    return der.sequence(der.oid(policy), der.sequence(qualifier))


def _general_name(template: Template) -> bytes:
    name = template.direct_name
    if name is None:
        raise ValueError(f"a {template.profile} certificate needs a Direct name")
    return der.ia5(name.value, 0x81 if name.kind is Kind.ADDRESS else 0x82)


def _basic_constraints(constraints: BasicConstraints) -> bytes:
    authority = der.TRUE if constraints.certification_authority else b""
    limit = b"" if constraints.path_length is None else der.integer(constraints.path_length)
    return extension(oids.BASIC_CONSTRAINTS, der.sequence(authority, limit), critical=True)


def _addresses(addresses: Addresses, profile: CertificateProfile) -> Iterator[bytes]:
    if profile.crl_address:
        yield _crl_distribution_points(_present(addresses.crl, "CRL"))
    descriptions = []
    if profile.ca_issuers_address:
        ca_issuers = _present(addresses.ca_issuers, "issuer's certificate")
        descriptions.append(der.sequence(der.oid(oids.CA_ISSUERS), der.ia5(ca_issuers, 0x86)))
    # Only once something answers there: an address without an answer teaches relying parties to ignore failures.
    if profile.ocsp_address and addresses.ocsp is not None:
        descriptions.append(der.sequence(der.oid(oids.OCSP), der.ia5(addresses.ocsp, 0x86)))
    if descriptions:
        yield extension(oids.AUTHORITY_INFO_ACCESS, der.sequence_of(descriptions))


def _crl_distribution_points(address: str) -> bytes:
    full_name = der.explicit(0, der.explicit(0, der.ia5(address, 0x86)))
    return extension(oids.CRL_DISTRIBUTION_POINTS, der.sequence(der.sequence(full_name)))


def _present(address: str | None, what: str) -> str:
    if address is None:
        raise ValueError(f"the profile demands the address of the {what}")
    return address
