"""A root, its issuing CA and certificates for tests: `a_certificate(for_="alice@direct.example.org")`.

Made once for the process, by the product's own ceremony and on its own way to a signature.
"""

import dataclasses
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from directca.direct.names import parse
from directca.direct.oids import Assurance, OrganizationType
from directca.pki import profiles
from directca.pki.certificate_view import read_issuer
from directca.pki.crl import EntryRun, RevokedEntry, encode_entry
from directca.pki.profiles import Policy
from directca.pki.templates import Addresses, Subject, Template, assemble, encode, not_after
from directca.signing.authority import Authority
from directca.signing.ceremony import AuthorityPlan, make_issuing, make_root
from directca.signing.file_keys import FileKey
from directca.signing.rehearsal import rehearse_certificate
from tests.material import ALICE, rsa_key, spki_der

FOUNDED = datetime(2026, 1, 1, tzinfo=UTC)
ISSUED = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ROOT_KEY, CA_KEY = 900, 901

BASE = "http://ca.example.org"
ROOT_ADDRESSES = Addresses(crl=f"{BASE}/crl/root.crl", ca_issuers=f"{BASE}/aia/root.cer")
ADDRESSES = Addresses(crl=f"{BASE}/crl/issuing.crl", ca_issuers=f"{BASE}/aia/issuing.cer")
SUBJECT = Subject("US", "New Jersey", "Fort Lee", "Example Clinic & Co", ("Cardiology",), ALICE)


def policy() -> Policy:
    """The policy that comes with the product."""
    return profiles.shipped()


def never() -> None:
    """A kill switch that is not pulled."""


@cache
def root() -> Authority:
    """The trust anchor, able to sign."""
    key = FileKey(rsa_key(ROOT_KEY, 3072))
    subject = Subject("US", None, None, "Example Health", (), "Example Direct Root CA")
    plan = AuthorityPlan(subject, serial=3**84, not_before=FOUNDED, years=20)
    return Authority(read_issuer(make_root(plan, key, policy(), never)), key, policy(), never)


@cache
def issuing_ca() -> Authority:
    """The CA that signs subscribers' certificates."""
    key = FileKey(rsa_key(CA_KEY, 3072))
    subject = Subject("US", None, None, "Example Health", (), "Example Direct Issuing CA")
    plan = AuthorityPlan(subject, serial=5**58, not_before=FOUNDED, years=10)
    certificate = make_issuing(plan, key, root(), ROOT_ADDRESSES)
    return Authority(read_issuer(certificate), key, policy(), never)


def a_template(for_: str = ALICE, profile: str = "signing", key: int = 0, **changes: object) -> Template:
    """The template of a certificate that would be issued; `changes` are fields to set otherwise."""
    name = parse(for_)
    template = Template(
        profile=profile,
        serial=7**45 + key,
        subject=dataclasses.replace(SUBJECT, common_name=name.value),
        direct_name=name,
        spki_der=spki_der(rsa_key(key)),
        not_before=ISSUED,
        not_after=not_after(ISSUED, years=1, maximum=policy().profile(profile).maximum),
        policies=policy().assertions.for_end_entity(assurance=Assurance.LOA3, category=OrganizationType.COVERED_ENTITY.category),
        addresses=ADDRESSES,
        policy_version=policy().version,
        policy_sha256=policy().sha256,
    )
    return dataclasses.replace(template, **changes)  # type: ignore[arg-type]


def sign(template: Template, authority: Authority) -> bytes:
    """The certificate of a template, rehearsed and signed as the product does it."""
    to_be_signed = encode(template, authority.issuer, authority.policy)
    rehearsed = rehearse_certificate(to_be_signed, template, authority.issuer, authority.policy)
    return assemble(to_be_signed, authority.sign(rehearsed))


def a_certificate(for_: str = ALICE, profile: str = "signing", key: int = 0, **changes: object) -> bytes:
    """A DER certificate issued by the issuing CA."""
    return sign(a_template(for_, profile, key, **changes), issuing_ca())


def an_ocsp_responder_template(key: int = 3) -> Template:
    """The template of a delegated OCSP responder of the issuing CA."""
    return a_template(
        profile="ocsp_responder",
        key=key,
        subject=Subject("US", None, None, "Example Health", (), "Example Direct OCSP"),
        direct_name=None,
        not_after=datetime(2026, 12, 24, 7, 59, 59, tzinfo=UTC),
        policies=tuple(sorted(issuing_ca().issuer.policies)),
    )


def pem(certificate: bytes) -> bytes:
    """A certificate in PEM."""
    return load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)


def run_of(*entries: RevokedEntry, latest: datetime) -> EntryRun:
    """Entries as the register keeps them, in the order of a list."""
    run = EntryRun(latest)
    for entry in sorted(entries, key=lambda entry: entry.serial):
        run.add([encode_entry(entry)])
    return run
