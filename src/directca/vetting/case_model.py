"""An application before the registration authority: its case, who takes part in it, and what was said and decided."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from directca.direct.oids import OrganizationType
from directca.vetting.model import ProofingMethod

OPERATOR, PERSON = "operator:", "person:"
"""Before the name of the operator who acts, and before the identifier of a person who does."""


class CaseKind(StrEnum):
    """What is asked for."""

    APPLICATION = "application"
    """A new organization."""
    MODIFICATION = "modification"
    """Other facts about an organization. The old ones stand until it is approved."""
    PEOPLE = "people"
    """Further people of an organization, or somebody proofed anew."""
    REVIEW = "review"
    """That everything still is as it was."""


class CaseState(StrEnum):
    """Where a case stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    APPEALED = "appealed"
    APPROVED = "approved"
    REFUSED = "refused"
    """Rejected on appeal, by somebody else; final."""
    WITHDRAWN = "withdrawn"


class Side(StrEnum):
    """For whom somebody acts in a case."""

    APPLICANT = "applicant"
    AUTHORITY = "authority"


class Step(StrEnum):
    """What is done in a case."""

    OPEN = "open"
    EDIT = "edit"
    PROOF = "proof"
    """A trusted agent records whose identity they have proofed."""
    SUBMIT = "submit"
    NOTE = "note"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    REJECT = "reject"
    REVISE = "revise"
    APPEAL = "appeal"
    WITHDRAW = "withdraw"


class ExistenceEvidence(StrEnum):
    """By what it was shown that an organization exists."""

    ARTICLES_OF_INCORPORATION = "articles_of_incorporation"
    BUSINESS_LICENSE = "business_license"
    GOVERNMENT_REGISTRY = "government_registry"
    NPI_REGISTRY = "npi_registry"
    TAX_DOCUMENT = "tax_document"


class PersonRole(StrEnum):
    """What somebody is to an organization."""

    REPRESENTATIVE = "representative"
    """Authorized to act for it; their proofing is what issuance rests on."""
    SPONSOR = "sponsor"
    """Answers for certificates of a device or a group."""
    ISSO = "isso"
    """The information systems security officer: answers for keys that several people share."""


class PersonState(StrEnum):
    """Whether somebody counts."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True)
class CaseFacts:
    """What an applicant says about an organization. A draft may lack anything; `case_policy.lacks` tells what."""

    legal_name: str | None = None
    street: str | None = None
    locality: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str = "US"
    organizational_units: tuple[str, ...] = ()
    organization_types: tuple[OrganizationType, ...] = ()
    existence_evidence: ExistenceEvidence | None = None
    existence_reference: str | None = None
    npi: str | None = None
    attested_by: str | None = None
    attested_title: str | None = None
    attestation_version: str | None = None
    parent: str | None = None
    affiliates: tuple[str, ...] = ()


@dataclass(frozen=True)
class Actor:
    """Who acts: a person of an account, or the authority's operator, who has neither.

    `id` is the same whichever application the person acts through, `via`. `names` are what the person is called: nobody who is
    called the same decides. `shown_at` is when the person last showed a second factor.
    """

    id: str
    names: tuple[str, ...]
    account_id: str | None = None
    person_id: str | None = None
    via: str = ""
    shown_at: datetime | None = None

    @property
    def journalled(self) -> str:
        """How the journal names who acted."""
        return f"{self.id} via {self.via}" if self.via else self.id

    @property
    def is_operator(self) -> bool:
        """Whether it is the authority's operator who acts."""
        return self.person_id is None and self.account_id is None and self.id.startswith(OPERATOR)


@dataclass(frozen=True)
class VettingCase:
    """A case. `round` counts how often it came before the authority: approvals of an earlier round are void. `revision` counts
    its changes, so that whoever decides says what they saw."""

    id: str
    account_id: str
    organization_id: str
    kind: CaseKind
    state: CaseState
    facts: CaseFacts
    round: int
    revision: int
    opened_at: datetime
    submitted_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class Entry:
    """One line of a case's history. `text` is a note, the reason of a decision, or empty."""

    step: Step
    side: Side
    actor: str
    names: tuple[str, ...]
    text: str
    round: int
    at: datetime
    number: int = 0


@dataclass(frozen=True)
class ProposedProofing:
    """An identity proofing as it is kept with a person: its evidence's numbers masked, and sealed."""

    method: ProofingMethod
    evidence_type: str
    evidence_number: str
    evidence_sealed: bytes = field(repr=False)
    verifier: str
    proofed_at: datetime
    declarations_version: str


@dataclass(frozen=True)
class OrganizationPerson:
    """A person of an organization, and how their identity was proofed."""

    id: str
    account_id: str
    organization_id: str
    case_id: str
    name: str
    title: str
    role: PersonRole
    state: PersonState
    added_by: str
    added_at: datetime
    proofing: ProposedProofing | None = None


@dataclass(frozen=True)
class Lack:
    """Something without which a case cannot be approved, and who must act."""

    field: str
    missing: str
    who_must_act: str


@dataclass(frozen=True)
class CaseFilter:
    """Which cases are looked for: in some states, of one kind, of organizations whose name holds a text, whatever its case."""

    states: tuple[CaseState, ...] = ()
    kind: CaseKind | None = None
    name: str = ""


@dataclass(frozen=True)
class Place:
    """Where a page of a list begins: behind the row with this moment and identifier."""

    at: datetime
    id: str
