"""The bodies of applications and decisions, and what they are answered with."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from directca.api.bodies import BadParameter
from directca.api.certificate_models import Text
from directca.api.moments import moment
from directca.direct.oids import OrganizationType
from directca.vetting.applying import SaidPerson, SaidProofing
from directca.vetting.case_model import CaseFacts, CaseKind, CaseState, ExistenceEvidence, PersonRole, PersonState
from directca.vetting.deciding import VERDICTS, Verdict
from directca.vetting.model import OrganizationStatus, ProofingMethod
from directca.vetting.report import Standing

_LONGEST = 2_000
_LONGEST_FACT = 256
_SEVERAL = ("organizational_units", "organization_types", "affiliates")

Fact = Annotated[Text, Field(max_length=_LONGEST_FACT)]
Revision = Annotated[int, Field(ge=0, le=2**31 - 1, strict=True)]


class Facts(BaseModel):
    """What is said about an organization. What is left out stays as it is; null takes it away."""

    model_config = ConfigDict(extra="forbid")

    legal_name: Fact | None = Field(default=None, description="As certificates will carry it.")
    street: Fact | None = None
    locality: Fact | None = Field(default=None, description="City or town.")
    state: Fact | None = Field(default=None, description="State or province, spelled out.")
    postal_code: Fact | None = None
    country: Fact = Field(default="US", description="ISO 3166-1 code.")
    organizational_units: list[Fact] = Field(default=[], max_length=50)
    organization_types: list[OrganizationType] = Field(
        default=[], max_length=len(OrganizationType), description="The categories attested to, the usual one first."
    )
    existence_evidence: ExistenceEvidence | None = Field(default=None, description="By what it is shown that it exists.")
    existence_reference: Fact | None = Field(default=None, description="The number or reference of that evidence.")
    npi: Fact | None = Field(default=None, description="National Provider Identifier, where health care is provided.")
    attested_by: Fact | None = Field(default=None, description="Who signed the attestation to the categories.")
    attested_title: Fact | None = None
    attestation_version: Fact | None = Field(default=None, description="The version of the text that was attested to.")
    parent: Fact | None = Field(default=None, description="The organization that it belongs to, by name.")
    affiliates: list[Fact] = Field(default=[], max_length=50, description="Organizations that belong to it, by name.")

    def changes(self) -> dict[str, Any]:
        """What was said, and nothing that was left out."""
        said = {name: getattr(self, name) for name in Facts.model_fields if name in self.model_fields_set}
        return {name: tuple(value) if name in _SEVERAL else value for name, value in said.items()}


class NewOrganization(Facts):
    """An application for a new organization: a draft, of which everything but the name may follow."""

    def facts(self) -> CaseFacts:
        """The facts as the verb takes them."""
        return CaseFacts(**self.changes())


class NewCase(BaseModel):
    """A case about an organization that is approved."""

    model_config = ConfigDict(extra="forbid")

    kind: CaseKind = Field(description="`modification`, `people` or `review`.")
    organization: Text = Field(max_length=64, description="The organization, by its identifier.")


class FactChanges(Facts):
    """Other facts in a draft."""

    revision: Revision | None = Field(default=None, description="Refuse if the case is not at this revision any more.")


class Evidence(BaseModel):
    """A document by which an identity was proofed."""

    model_config = ConfigDict(extra="forbid")

    type: Fact = Field(description="Such as passport.")
    number: Fact = Field(description="Kept sealed, and shown masked.")


class AgentProofing(BaseModel):
    """The proofing of an identity at LoA 3 / IAL2, as it took place before the trusted agent who records it."""

    model_config = ConfigDict(extra="forbid")

    method: ProofingMethod
    evidence: list[Evidence] = Field(min_length=1, max_length=3)
    proofed_ts: Text = Field(max_length=40, description="The day, or the moment, at which it took place.")
    declared_by_representative: Fact | None = Field(default=None, description="The version of the declaration that was made.")
    declared_by_verifier: Fact | None = Field(default=None, description="The version of the declaration that was made.")

    def said(self, verifier: str = "") -> SaidProofing:
        """The proofing as the verb takes it. Raises BadParameter."""
        at = moment(self.proofed_ts, field="proofed_ts")
        if at is None:
            raise BadParameter("proofed_ts must be a date or an RFC 3339 moment.", field="proofed_ts")
        evidence = tuple((one.type, one.number) for one in self.evidence)
        return SaidProofing(self.method, evidence, verifier, at, self.declared_by_representative, self.declared_by_verifier)


class NewProofing(AgentProofing):
    """The proofing of an identity at LoA 3 / IAL2, as it took place."""

    verifier: Fact = Field(description="Who verified it.")


class NewPerson(BaseModel):
    """Somebody who is proposed in a draft."""

    model_config = ConfigDict(extra="forbid")

    case: Text = Field(max_length=64, description="The draft, by its identifier.")
    name: Fact
    title: Fact
    role: PersonRole
    proofing: NewProofing | None = None

    def said(self) -> SaidPerson:
        """The person as the verb takes them. Raises BadParameter."""
        proofing = None if self.proofing is None else self.proofing.said(self.proofing.verifier)
        return SaidPerson(self.name, self.title, self.role, proofing)


class Submission(BaseModel):
    """A draft that is complete."""

    model_config = ConfigDict(extra="forbid")

    revision: Revision | None = Field(default=None, description="Refuse if the case is not at this revision any more.")


class Words(BaseModel):
    """A note, a reason, what an appeal rests on."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(min_length=1, max_length=_LONGEST, description="Plain text of several lines.")


class Acceptance(BaseModel):
    """The subscriber agreement is accepted, in the version that was read."""

    model_config = ConfigDict(extra="forbid")

    version: Text = Field(
        min_length=1, max_length=20, description="The current version, which the organization's `preconditions` name."
    )


class Decision(BaseModel):
    """What an officer decides, and at which revision the case was seen."""

    model_config = ConfigDict(extra="forbid")

    verdict: Text = Field(
        description="`approve`, `reject`, or `send_back` to the applicant.", json_schema_extra={"enum": list(VERDICTS)}
    )
    reason: Text = Field(min_length=1, max_length=_LONGEST, description="For the applicant and for the journal.")
    revision: Revision

    def said(self) -> Verdict:
        """The decision as the verb takes it. Raises BadParameter."""
        if self.verdict not in VERDICTS:
            raise BadParameter(f"verdict must be one of {', '.join(VERDICTS)}.", field="verdict")
        return Verdict(VERDICTS[self.verdict], self.reason, self.revision)


class PersonAnswer(BaseModel):
    """Somebody of an organization. Numbers of evidence are masked; the clocks run from the proofing and nothing moves them."""

    id: str
    organization: str
    case: str
    name: str
    title: str
    role: PersonRole
    state: PersonState
    method: ProofingMethod | None
    evidence_type: str | None
    evidence_number: str | None
    verifier: str | None
    proofed_ts: str | None
    declarations_version: str | None
    first_issue_until_ts: str | None
    proofing_ends_ts: str | None


class PeopleAnswer(BaseModel):
    """The people of the account's organizations."""

    representatives: list[PersonAnswer]


class PreconditionAnswer(BaseModel):
    """One thing that issuing asks for."""

    kind: str
    about: str
    state: Standing
    expires_ts: str | None
    missing: str | None
    who_must_act: str | None


class OrganizationAnswer(BaseModel):
    """An organization with the facts that stand."""

    id: str
    account_id: str
    status: OrganizationStatus
    facts: dict[str, Any]
    approved_ts: str | None
    review_due_ts: str | None
    due_for_review: bool
    open_case: str | None
    representatives: list[PersonAnswer]
    preconditions: list[PreconditionAnswer]


class OrganizationsAnswer(BaseModel):
    """The organizations of the account."""

    organizations: list[OrganizationAnswer]


class EndAnswer(BaseModel):
    """An organization that was ended. Its certificates are revoked by the order `revocation`, in the background.

    Where the settings want a second officer, it waits as `proposal`, and nothing has changed yet."""

    id: str
    status: OrganizationStatus
    names: int
    revocation: str | None
    proposal: str | None


class LackAnswer(BaseModel):
    """Something without which nobody can approve the case."""

    field: str
    missing: str
    who_must_act: str


class EntryAnswer(BaseModel):
    """One line of the history."""

    number: int
    step: str
    side: str
    by: str
    text: str
    round: int
    ts: str


class CaseAnswer(BaseModel):
    """A case with everything on one page. Texts are as they were written: show them as text."""

    id: str
    kind: CaseKind
    state: CaseState
    organization: str
    organization_status: OrganizationStatus
    account_id: str
    revision: int
    round: int
    opened_ts: str
    submitted_ts: str | None
    closed_ts: str | None
    facts: dict[str, Any]
    standing_facts: dict[str, Any]
    representatives: list[PersonAnswer]
    history: list[EntryAnswer]
    lacks: list[LackAnswer]
    approvals: int
    approvals_needed: int
    who_must_act: str | None
    preconditions: list[PreconditionAnswer]
    declarations_version: str
    declarations: dict[str, str]


class CasesAnswer(BaseModel):
    """The newest cases of the account."""

    cases: list[CaseAnswer]


class DueAnswer(BaseModel):
    """An organization whose review is due."""

    id: str
    account_id: str
    legal_name: str
    review_due_ts: str | None


class QueueAnswer(BaseModel):
    """What waits for the authority, the longest first."""

    total: int
    cases: list[CaseAnswer]
    due_for_review: list[DueAnswer]
