"""Certificates with exactly one thing wrong: taken apart, one part replaced, put together again."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.direct.names import DirectName, Kind
from directca.pki import der, oids
from directca.pki.certificate_view import read_certificate
from directca.pki.lints.examined import Examined, apply
from directca.pki.lints.verdicts import GROUPS
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer, Subject, Template, assemble, encode, extension
from tests.authority import SUBJECT, a_template, issuing_ca
from tests.authority import policy as shipped
from tests.material import rsa_key, spki_der

PLACEHOLDER = b"\xff" * 384


@dataclass(frozen=True)
class Parts:
    """The fields of a TBSCertificate, each encoded, and the extensions by kind."""

    version: bytes
    serial: bytes
    algorithm: bytes
    issuer: bytes
    validity: bytes
    subject: bytes
    key: bytes
    extensions: tuple[bytes, ...]
    outer_algorithm: bytes

    def put_together(self) -> bytes:
        """The certificate, under a placeholder signature."""
        tbs = der.sequence(
            self.version,
            self.serial,
            self.algorithm,
            self.issuer,
            self.validity,
            self.subject,
            self.key,
            der.explicit(3, der.sequence_of(self.extensions)),
        )
        return der.sequence(tbs, self.outer_algorithm, der.bit_string(PLACEHOLDER))


def taken_apart(tbs: bytes) -> Parts:
    """The parts of an encoded TBSCertificate."""
    fields = der.children(der.read(tbs))
    listed = der.children(der.children(fields[7])[0])
    encoded = [field.encoded for field in fields[:7]]
    return Parts(*encoded, tuple(one.encoded for one in listed), encoded[2])


@dataclass(frozen=True)
class Case:
    """A certificate's bytes with everything that they are held against."""

    encoded: bytes
    template: Template
    issuer: Issuer
    policy: Policy

    def broken_rules(self) -> set[str]:
        """The names of our own rules that fire."""
        view = read_certificate(self.encoded)
        examined = Examined(view, self.template, self.issuer, self.policy, self.policy.profile(self.template.profile))
        return {finding.rule for group, rules in GROUPS for finding in apply(group, rules, examined)}


def decided(template: Template | None = None, issuer: Issuer | None = None, under: Policy | None = None) -> Case:
    """What was decided, encoded faithfully: whatever is wrong was decided so."""
    template = template or a_template()
    issuer = issuer or issuing_ca().issuer
    under = under or shipped()
    return Case(assemble(encode(template, issuer, under), PLACEHOLDER), template, issuer, under)


def altered(change: Callable[[Parts], Parts], case: Case | None = None) -> Case:
    """A certificate in whose bytes something is not as it was decided."""
    case = case or decided()
    parts = taken_apart(encode(case.template, case.issuer, case.policy))
    return dataclasses.replace(case, encoded=change(parts).put_together())


def with_field(**fields: bytes) -> Case:
    """One field of the TBSCertificate replaced by other bytes."""
    return altered(lambda parts: dataclasses.replace(parts, **fields))


def with_extension(kind: str, value: bytes, *, critical: bool = False, case: Case | None = None) -> Case:
    """One extension replaced, in its place; appended if there is none of its kind."""
    start = der.oid(kind)

    def change(parts: Parts) -> Parts:
        new = extension(kind, value, critical=critical)
        kept = tuple(new if der.read(one).content.startswith(start) else one for one in parts.extensions)
        return dataclasses.replace(parts, extensions=kept if new in kept else (*kept, new))

    return altered(change, case)


def without_extension(kind: str) -> Case:
    """One extension missing."""
    start = der.oid(kind)
    return altered(
        lambda parts: dataclasses.replace(
            parts, extensions=tuple(one for one in parts.extensions if not der.read(one).content.startswith(start))
        )
    )


class OddSubject(Subject):
    """A subject whose attributes are whatever a test wants, in any order."""

    __slots__ = ("odd",)
    odd: tuple[tuple[str, str], ...]

    def attributes(self):  # type: ignore[no-untyped-def, override]
        """The attributes that were set."""
        return iter(self.odd)


def odd_subject(*attributes: tuple[str, str]) -> OddSubject:
    """A subject of exactly these attributes."""
    subject = OddSubject("", None, None, "", (), "")
    object.__setattr__(subject, "odd", attributes)
    return subject


def attribute(kind: str, text: bytes) -> bytes:
    return der.sequence(der.oid(kind), text)


def subject_of(*rdns: list[bytes]) -> bytes:
    return der.sequence_of(der.set_of(rdn) for rdn in rdns)


def subject(**changes: object) -> Subject:
    return dataclasses.replace(SUBJECT, **changes)  # type: ignore[arg-type]


def template(**changes: object) -> Case:
    return decided(a_template(**changes))


def named(value: str, kind: Kind) -> Case:
    """A certificate for a name that `parse` would never have let through."""
    return template(direct_name=DirectName(value, kind, value, None), subject=subject(common_name=value))


def held_against(**changes: object) -> Case:
    """The bytes are of one decision, what they are held against is another."""
    case = decided()
    return dataclasses.replace(case, template=dataclasses.replace(case.template, **changes))  # type: ignore[arg-type]


def key(modulus: int, exponent: int, parameters: bytes = der.NOTHING) -> bytes:
    numbers = der.sequence(der.integer(modulus), der.integer(exponent))
    return der.sequence(der.sequence(der.oid(oids.RSA_ENCRYPTION), parameters), der.bit_string(numbers))


def modulus() -> int:
    return rsa_key().public_key().public_numbers().n


def issued_by(**changes: object) -> Case:
    return decided(issuer=dataclasses.replace(issuing_ca().issuer, **changes))  # type: ignore[arg-type]


def late(bits: int, not_after: datetime) -> Case:
    start = not_after - timedelta(days=365) + timedelta(seconds=1)
    spki = spki_der(rsa_key(5, bits) if bits != 2048 else rsa_key())
    return template(spki_der=spki, not_before=start, not_after=not_after)
