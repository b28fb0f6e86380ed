"""What OpenAPI says about applications, the people of organizations, and decisions."""

from dataclasses import replace
from typing import Any

from directca.api.case_models import (
    Acceptance,
    AgentProofing,
    CaseAnswer,
    CasesAnswer,
    Decision,
    EndAnswer,
    FactChanges,
    NewCase,
    NewOrganization,
    NewPerson,
    OrganizationAnswer,
    OrganizationsAnswer,
    PeopleAnswer,
    PersonAnswer,
    QueueAnswer,
    Submission,
    Words,
)
from directca.api.certificate_docs import Described
from directca.oauth import scopes

_ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The identifier that an earlier answer gave.",
    "schema": {"type": "string", "maxLength": 64},
}
_READ, _APPLY, _VET = scopes.ACCOUNT_READ, scopes.ORGANIZATION_APPLY, scopes.AUTHORITY_VET


def _one(name: str, summary: str, text: str, answer: Any, scope: str, model: Any = None) -> Described:
    """A function about one thing."""
    if model is None:
        return Described(name, summary, text, answer, scope, (_ID,))
    return Described(name, summary, text, answer, scope, (_ID,), body=model is not Submission, model=model)


def _all(name: str, summary: str, text: str, answer: Any, scope: str, model: Any = None) -> Described:
    """A function about all of them, or a new one."""
    return replace(_one(name, summary, text, answer, scope, model), parameters=())


APPLY = _all("apply", "Apply", "Open an application for a new organization, as a draft.", CaseAnswer, _APPLY, NewOrganization)
ORGANIZATIONS = _all("organizations", "List organizations", "The account's organizations.", OrganizationsAnswer, _READ)
ORGANIZATION = _one(
    "organization", "Show an organization", "The facts that stand, and what is missing.", OrganizationAnswer, _READ
)
ACCEPT = _one(
    "accept_agreement",
    "Accept the subscriber agreement",
    "Accept the current version for an organization; the same again changes nothing. For representatives.",
    OrganizationAnswer,
    _APPLY,
    Acceptance,
)
SUSPEND = _one(
    "suspend_organization", "Suspend an organization", "Issue nothing more to it. For officers.", OrganizationAnswer, _VET, Words
)
REINSTATE = _one(
    "reinstate_organization", "Reinstate an organization", "Lift a suspension. For officers.", OrganizationAnswer, _VET, Words
)
END = _one(
    "end_organization",
    "End an organization",
    "Close it for good and revoke all its certificates. For officers. Asked again, it goes on with what is left.",
    EndAnswer,
    _VET,
    Words,
)
PEOPLE = _all("representatives", "List representatives", "The people of the account's organizations.", PeopleAnswer, _READ)
PERSON = _one("representative", "Show a representative", "Somebody of an organization.", PersonAnswer, _READ)
PROPOSE = _all(
    "propose",
    "Propose a representative",
    "Name a representative, sponsor or ISSO in a draft, with the proofing of their identity.",
    PersonAnswer,
    _APPLY,
    NewPerson,
)
UNPROPOSE = _one("unpropose", "Take a representative out", "Take somebody out of a draft.", CaseAnswer, _APPLY)
PROOF = _one(
    "proof_representative",
    "Record a proofing",
    "That you have proofed the identity of somebody in a draft; you are the verifier. For trusted agents.",
    PersonAnswer,
    scopes.AUTHORITY_PROOF,
    AgentProofing,
)
RETIRE = _one(
    "end_representative",
    "End a representative",
    "Somebody counts no longer, at once: their proofing is relied upon no longer.",
    PersonAnswer,
    _APPLY,
    Words,
)
CASES = _all("cases", "List cases", "The newest cases of the account.", CasesAnswer, _READ)
QUEUE = _all("queue", "The queue", "What waits for the authority. For its staff.", QueueAnswer, scopes.AUTHORITY_READ)
OPEN = _all(
    "open_case",
    "Open a case",
    "Ask for other facts, further people, or a review of an approved organization. The old facts stand until it is approved.",
    CaseAnswer,
    _APPLY,
    NewCase,
)
CASE = _one("case", "Show a case", "Everything about a case. Officers see those of every account.", CaseAnswer, _READ)
EDIT = _one("edit_case", "Edit a draft", "Say other facts.", CaseAnswer, _APPLY, FactChanges)
SUBMIT = _one("submit_case", "Submit", "Bring a draft before the authority.", CaseAnswer, _APPLY, Submission)
REVISE = _one("revise_case", "Revise", "Make a draft of a rejected case again.", CaseAnswer, _APPLY)
APPEAL = _one("appeal_case", "Appeal", "Ask that somebody else decides on a rejected case.", CaseAnswer, _APPLY, Words)
WITHDRAW = _one("withdraw_case", "Withdraw", "Ask for it no longer.", CaseAnswer, _APPLY)
NOTE = _one("note_case", "Answer", "Write to the officers of the authority.", CaseAnswer, _APPLY, Words)
ASK = _one("ask_case", "Ask", "Write to the applicant. For officers.", CaseAnswer, _VET, Words)
DECIDE = _one(
    "decide_case",
    "Decide",
    "Approve, reject or send back. For officers, and never on what their own account asked for.",
    CaseAnswer,
    _VET,
    Decision,
)
