"""A clinic of which everything is on file: each test takes away or breaks one thing."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from directca.accounts import accounts
from directca.db.engine import Database, Tx
from directca.direct import names
from directca.direct.oids import OrganizationType
from directca.pki import profiles
from directca.vetting import evidence, organizations
from directca.vetting.check import vet
from directca.vetting.evidence import Recording
from directca.vetting.model import (
    EVERY_MAILBOX,
    DomainMethod,
    OrganizationFacts,
    ProofingFacts,
    ProofingMethod,
    Vetted,
    VettingQuestion,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANN = "operator:ann"
RULES = profiles.shipped().rules
DOMAIN = "direct.clinic.example"
ALICE = f"alice@{DOMAIN}"


def recording(at: datetime = NOON) -> Recording:
    return Recording(ANN, at, RULES, secrets.token_bytes, sealed)


def sealed(text: str, record: str) -> bytes:
    """What stands for a sealed text where the passphrase is not what is looked at: nothing of the text is in it."""
    return hashlib.sha256(f"{record} {text}".encode()).digest()


class Opening:
    """What seals texts and opens them again, each for its record alone."""

    def __init__(self) -> None:
        self._texts: dict[tuple[bytes, str], str] = {}

    def seal(self, text: str, record: str) -> bytes:
        made = sealed(text, record)
        self._texts[made, record] = text
        return made

    def open(self, made: bytes, record: str) -> str:
        return self._texts[made, record]


def organization_facts(**changes: object) -> OrganizationFacts:
    facts: dict[str, object] = {
        "legal_name": "Sandbox Clinic",
        "country": "US",
        "state": "Vermont",
        "locality": "Burlington",
        "organizational_units": (),
        "organization_types": (OrganizationType.COVERED_ENTITY, OrganizationType.BUSINESS_ASSOCIATE),
    }
    return OrganizationFacts(**(facts | changes))  # type: ignore[arg-type]


def proofing_facts(proofed_at: datetime = NOON, **changes: object) -> ProofingFacts:
    facts: dict[str, object] = {
        "representative": "Rosa Representative",
        "method": ProofingMethod.IN_PERSON,
        "evidence_type": "passport",
        "evidence_number": "C01X00T47",
        "verifier": "Vera Verifier",
        "proofed_at": proofed_at,
        "declared_by_representative": True,
        "declared_by_verifier": True,
    }
    return ProofingFacts(**(facts | changes))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Clinic:
    """An account and its organization."""

    account_id: str
    organization_id: str


def a_clinic(
    tx: Tx,
    *,
    account_id: str | None = None,
    domain: str | None = DOMAIN,
    proofed_at: datetime | None = NOON,
    approved: bool = True,
    country: str = "US",
) -> Clinic:
    """A clinic; without a domain, a proofing or the approval if so asked."""
    if account_id is None:
        account_id = accounts.open_account(tx, "Clinic", actor=ANN, at=NOON, random=secrets.token_bytes).id
    made = organizations.register(
        tx, account_id, organization_facts(country=country), actor=ANN, at=NOON, random=secrets.token_bytes
    )
    if approved:
        organizations.approve(tx, made.id, actor=ANN, at=NOON)
    if proofed_at is not None:
        evidence.record_proofing(tx, made.id, proofing_facts(proofed_at), recording())
    evidence.accept_agreement(tx, made.id, RULES.agreement_version, "Rosa Representative", recording())
    if domain is not None:
        evidence.verify_domain(tx, made.id, domain, DomainMethod.DNS_TXT, "DirectCA-Verification=abc", recording())
        evidence.authorize_mailbox(tx, made.id, domain, EVERY_MAILBOX, None, recording())
    return Clinic(account_id, made.id)


def ask(
    database: Database, account_id: str, name: str = ALICE, now: datetime = NOON + timedelta(days=1), **more: object
) -> Vetted:
    question = VettingQuestion(account_id, names.parse(name), **more)  # type: ignore[arg-type]
    with database.read() as tx:
        return vet(tx, question, RULES, now)
