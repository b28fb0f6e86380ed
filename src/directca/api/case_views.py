"""Applications as JSON: what the functions answer and the operator's commands print."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from directca.clock import rfc3339
from directca.pki.profiles import Rules
from directca.vetting.case_model import CaseFacts, Entry, OrganizationPerson, PersonRole
from directca.vetting.case_page import CasePage, OrganizationPage, Queue
from directca.vetting.policy import proofing_ends
from directca.vetting.report import Precondition


def case(page: CasePage, rules: Rules) -> dict[str, Any]:
    """A case with everything on one page."""
    of = page.case
    return {
        "id": of.id,
        "kind": of.kind.value,
        "state": of.state.value,
        "organization": of.organization_id,
        "organization_status": page.organization.status.value,
        "account_id": of.account_id,
        "revision": of.revision,
        "round": of.round,
        "opened_ts": rfc3339(of.opened_at),
        "submitted_ts": _moment(of.submitted_at),
        "closed_ts": _moment(of.closed_at),
        "facts": facts(of.facts),
        "standing_facts": facts(page.standing),
        "representatives": people(page.people, rules),
        "history": [_entry(one) for one in page.history],
        "lacks": [asdict(one) for one in page.lacks],
        "approvals": page.approvals,
        "approvals_needed": page.approvals_needed,
        "who_must_act": page.who_must_act,
        "preconditions": [_precondition(one) for one in page.preconditions],
        "declarations_version": page.declarations_version,
        "declarations": asdict(page.declarations),
    }


def queue(found: Queue, rules: Rules) -> dict[str, Any]:
    """What waits for the authority."""
    return {
        "total": found.total,
        "cases": [case(one, rules) for one in found.cases],
        "due_for_review": [
            {
                "id": one.id,
                "account_id": one.account_id,
                "legal_name": one.facts.legal_name,
                "review_due_ts": _moment(one.review_due_at),
            }
            for one in found.due_for_review
        ],
    }


def organization(page: OrganizationPage, rules: Rules) -> dict[str, Any]:
    """An organization with the facts that stand."""
    of = page.organization
    return {
        "id": of.id,
        "account_id": of.account_id,
        "status": of.status.value,
        "facts": facts(page.facts),
        "approved_ts": _moment(of.approved_at),
        "review_due_ts": _moment(of.review_due_at),
        "due_for_review": page.due_for_review,
        "open_case": page.open_case,
        "representatives": people(page.people, rules),
        "preconditions": [_precondition(one) for one in page.preconditions],
    }


def people(found: Iterable[OrganizationPerson], rules: Rules) -> list[dict[str, Any]]:
    """People of organizations."""
    return [person(one, rules) for one in found]


def person(one: OrganizationPerson, rules: Rules) -> dict[str, Any]:
    """Somebody of an organization, with the clocks of their proofing. What is sealed is not among it."""
    proofing = one.proofing
    counts = proofing is not None and one.role is PersonRole.REPRESENTATIVE
    return {
        "id": one.id,
        "organization": one.organization_id,
        "case": one.case_id,
        "name": one.name,
        "title": one.title,
        "role": one.role.value,
        "state": one.state.value,
        "method": None if proofing is None else proofing.method.value,
        "evidence_type": None if proofing is None else proofing.evidence_type,
        "evidence_number": None if proofing is None else proofing.evidence_number,
        "verifier": None if proofing is None else proofing.verifier,
        "proofed_ts": None if proofing is None else rfc3339(proofing.proofed_at),
        "declarations_version": None if proofing is None else proofing.declarations_version,
        "first_issue_until_ts": rfc3339(proofing.proofed_at + rules.proofing_first_issue) if proofing and counts else None,
        "proofing_ends_ts": (
            None if proofing is None else rfc3339(proofing_ends(proofing.proofed_at, rules.proofing_maximum_years))
        ),
    }


def facts(said: CaseFacts) -> dict[str, Any]:
    """What is said about an organization; what is absent is null."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(said).items()}


def _entry(one: Entry) -> dict[str, Any]:
    return {
        "number": one.number,
        "step": one.step.value,
        "side": one.side.value,
        "by": one.names[0] if one.names else one.actor,
        "text": one.text,
        "round": one.round,
        "ts": rfc3339(one.at),
    }


def _precondition(one: Precondition) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "about": one.about,
        "state": one.state.value,
        "expires_ts": _moment(one.expires_at),
        "missing": one.missing,
        "who_must_act": one.who_must_act,
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
