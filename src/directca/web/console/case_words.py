"""What the pages of applications call things: states, roles, facts, evidence, in the words that people read."""

from collections.abc import Mapping
from dataclasses import dataclass

from directca.direct.oids import OrganizationType
from directca.vetting.case_model import CaseFacts, CaseKind, ExistenceEvidence, PersonRole, Side, Step
from directca.vetting.model import ProofingMethod

KINDS: Mapping[CaseKind, str] = {
    CaseKind.APPLICATION: "New organization",
    CaseKind.MODIFICATION: "Other facts",
    CaseKind.PEOPLE: "Further people",
    CaseKind.REVIEW: "Review",
}
ROLES: Mapping[PersonRole, str] = {
    PersonRole.REPRESENTATIVE: "Representative",
    PersonRole.SPONSOR: "Sponsor",
    PersonRole.ISSO: "Information systems security officer (ISSO)",
}
ROLE_MEANINGS = "A representative acts for the organization; a sponsor answers for devices and groups, an ISSO for shared keys."
METHODS: Mapping[ProofingMethod, str] = {
    ProofingMethod.IN_PERSON: "In person",
    ProofingMethod.NOTARY: "Before a notary",
    ProofingMethod.TRUSTED_AGENT: "By a trusted agent",
    ProofingMethod.SUPERVISED_REMOTE: "Remotely, supervised",
    ProofingMethod.EXTERNAL_ASSERTION: "By an identity provider at IAL2",
}
TYPES: Mapping[OrganizationType, str] = {
    OrganizationType.COVERED_ENTITY: "Covered Entity",
    OrganizationType.BUSINESS_ASSOCIATE: "Business Associate",
    OrganizationType.HEALTH_ENTITY: "Healthcare Entity",
    OrganizationType.PATIENT: "Patient",
}
EXISTENCE: Mapping[ExistenceEvidence, str] = {
    ExistenceEvidence.ARTICLES_OF_INCORPORATION: "Articles of incorporation",
    ExistenceEvidence.BUSINESS_LICENSE: "Business licence",
    ExistenceEvidence.GOVERNMENT_REGISTRY: "Government registry",
    ExistenceEvidence.NPI_REGISTRY: "NPI registry",
    ExistenceEvidence.TAX_DOCUMENT: "Tax document",
}
STEPS: Mapping[tuple[Step, Side], str] = {
    (Step.OPEN, Side.APPLICANT): "opened the case",
    (Step.EDIT, Side.APPLICANT): "changed the draft",
    (Step.PROOF, Side.AUTHORITY): "recorded a proofing of identity",
    (Step.SUBMIT, Side.APPLICANT): "submitted it",
    (Step.NOTE, Side.APPLICANT): "wrote to the authority",
    (Step.NOTE, Side.AUTHORITY): "wrote to the applicant",
    (Step.SEND_BACK, Side.AUTHORITY): "sent it back",
    (Step.APPROVE, Side.AUTHORITY): "approved it",
    (Step.REJECT, Side.AUTHORITY): "rejected it",
    (Step.REVISE, Side.APPLICANT): "began to revise it",
    (Step.APPEAL, Side.APPLICANT): "appealed",
    (Step.WITHDRAW, Side.APPLICANT): "withdrew it",
}
FACTS: Mapping[str, str] = {
    "legal_name": "Legal name",
    "street": "Street",
    "locality": "City or town",
    "state": "State or province",
    "postal_code": "Postal code",
    "country": "Country",
    "organization_types": "Categories",
    "organizational_units": "Organizational units",
    "existence_evidence": "Evidence that it exists",
    "existence_reference": "Number of that evidence",
    "npi": "NPI",
    "parent": "Belongs to",
    "affiliates": "Affiliates",
    "attested_by": "Category attested by",
    "attested_title": "Their title",
    "attestation_version": "Version of the attestation",
}


@dataclass(frozen=True)
class FactRow:
    """One fact as it is shown: what is said, and what stands instead where that is something else."""

    label: str
    said: str
    standing: str
    differs: bool


def rows(said: CaseFacts, standing: CaseFacts | None = None) -> tuple[FactRow, ...]:
    """Every fact, beside what stands now."""
    found = []
    for name, label in FACTS.items():
        now, before = _text(getattr(said, name)), "" if standing is None else _text(getattr(standing, name))
        found.append(FactRow(label, now, before, standing is not None and now != before))
    return tuple(found)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, OrganizationType):
        return TYPES[value]
    if isinstance(value, ExistenceEvidence):
        return EXISTENCE[value]
    return "" if value is None else str(value)
