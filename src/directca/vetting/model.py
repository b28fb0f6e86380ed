"""The registration authority's records, and the question that issuing asks of them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from directca.direct.names import DirectName
from directca.direct.oids import OrganizationType

EVERY_MAILBOX = "*"
_SHORTEST_SHOWN = 6


class OrganizationStatus(StrEnum):
    """Where an organization stands. Only an approved one gets certificates; an ended one never again."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    ENDED = "ended"


class ProofingMethod(StrEnum):
    """How a person's identity was proofed at LoA 3 / IAL2."""

    IN_PERSON = "in_person"
    NOTARY = "notary"
    TRUSTED_AGENT = "trusted_agent"
    SUPERVISED_REMOTE = "supervised_remote"
    EXTERNAL_ASSERTION = "external_assertion"
    """An external identity provider asserted it at IAL2."""


class ProofingStatus(StrEnum):
    """Whether a proofing may be relied upon."""

    VALID = "valid"
    WITHDRAWN = "withdrawn"


class DomainMethod(StrEnum):
    """How control of a domain was shown. Each fixes what it proves: the very domain, nothing above or below it."""

    DNS_TXT = "dns_txt"
    ROLE_ADDRESS = "role_address"


class ClaimState(StrEnum):
    """Whether a claim holds. That a verified one has expired is told by its date, never stored."""

    VERIFIED = "verified"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class OrganizationFacts:
    """What is established about an organization; its certificates are built from this.

    `organization_types` are the categories it has attested to, the usual one first.
    """

    legal_name: str
    country: str
    state: str
    locality: str
    organizational_units: tuple[str, ...]
    organization_types: tuple[OrganizationType, ...]


@dataclass(frozen=True)
class Organization:
    """An organization of an account."""

    id: str
    account_id: str
    facts: OrganizationFacts
    status: OrganizationStatus
    registered_at: datetime
    approved_at: datetime | None = None
    approved_by: str | None = None
    review_due_at: datetime | None = None
    """From then on nothing is issued to it until it was reviewed; None where no review is due ever."""


def masked(number: str) -> str:
    """A number as it may be shown, or several after commas: the last two characters, or none of a short one. Masked twice is
    masked once."""
    return ", ".join(_masked(one) for one in number.split(", "))


def _masked(number: str) -> str:
    shown = number[-2:] if len(number) >= _SHORTEST_SHOWN else ""
    return "•" * (len(number) - len(shown)) + shown


@dataclass(frozen=True)
class ProofingFacts:
    """How a representative's identity was proofed: who verified, how, by which evidence, when, and both declarations."""

    representative: str
    method: ProofingMethod
    evidence_type: str
    evidence_number: str = field(repr=False)
    """As it was said, before it is recorded; from then on as it may be shown."""
    verifier: str
    proofed_at: datetime
    declared_by_representative: bool
    declared_by_verifier: bool

    @property
    def masked_evidence_number(self) -> str:
        """The number as it may be shown."""
        return masked(self.evidence_number)


@dataclass(frozen=True)
class Proofing:
    """An identity proofing on file."""

    id: str
    organization_id: str
    facts: ProofingFacts
    status: ProofingStatus


@dataclass(frozen=True)
class DomainClaim:
    """Control of one domain, shown by one organization. Its scope is `domain` and nothing else, from the beginning."""

    id: str
    organization_id: str
    domain: str
    method: DomainMethod
    evidence: str
    state: ClaimState
    verified_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class MailboxAuthority:
    """The representative's word that the organization may have certificates for a mailbox of a domain, or for each of them."""

    id: str
    organization_id: str
    domain: str
    mailbox: str
    granted_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class Agreement:
    """The acceptance of one version of the subscriber agreement."""

    organization_id: str
    version: str
    accepted_by: str
    accepted_at: datetime


@dataclass(frozen=True)
class VettingQuestion:
    """May this account have a certificate for this name?

    `organization_type` is what the request says, None where it says nothing. `first_issue`: the organization has had no
    certificate yet. `reproof_since`: when a certificate of the name was revoked for a reason other than its own renewal or
    re-key.
    """

    account_id: str
    name: DirectName
    organization_type: OrganizationType | None = None
    first_issue: bool = False
    reproof_since: datetime | None = None


@dataclass(frozen=True)
class Vetted:
    """Yes, and for what: the facts to certify, and the records that the answer rests on.

    `name_value` is the identifier that was vetted. Who signs must see that it is the identifier to be signed (invariant 1).
    `not_after_limit` is the last second for which the proofing holds.
    """

    name_value: str
    organization_id: str
    legal_name: str
    country: str
    state: str
    locality: str
    organizational_units: tuple[str, ...]
    organization_type: OrganizationType
    claim_id: str
    proofing_id: str
    agreement_version: str
    not_after_limit: datetime
