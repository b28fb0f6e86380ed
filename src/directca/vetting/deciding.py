"""Deciding on a case. `docs/flows/approval.md` tells the same steps.

Who decides is looked at in the transaction that decides, by what is on file at that moment; so is everything that the case rests
on. Only the last approval that the policy wants writes what issuing checks, and it writes that, the case and the journal in one
commit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from directca.accounts import permissions
from directca.accounts.permissions import Rule
from directca.db.engine import Tx
from directca.journal.model import Fact
from directca.vetting import actors, case_store, evidence, organization_person_store, organizations
from directca.vetting.applying import certified_facts, close_people, standing_facts
from directca.vetting.case_errors import CaseIncomplete, CaseStands
from directca.vetting.case_file import Taken, any_case, involved, own_case, take
from directca.vetting.case_model import Actor, CaseKind, CaseState, PersonRole, PersonState, Side, Step, VettingCase
from directca.vetting.case_policy import Involved, after, approvals, check_decider, lacks, needed, reason
from directca.vetting.context import Registration
from directca.vetting.errors import OrganizationState
from directca.vetting.model import Organization, OrganizationStatus, Proofing, ProofingFacts, ProofingStatus

VERDICTS: Final[Mapping[str, Step]] = {"approve": Step.APPROVE, "reject": Step.REJECT, "send_back": Step.SEND_BACK}
"""What an officer may say of a case."""

_MOST_ENTRIES = 500


@dataclass(frozen=True)
class Verdict:
    """What somebody decides, why, and at which revision they saw the case."""

    step: Step
    reason: str
    revision: int


def decide(desk: Registration, actor: Actor, case_id: str, verdict: Verdict) -> VettingCase:
    """Decide on a case that waits for the authority.

    Raises DecidersOnly, NoSuchCase, CaseChanged, CaseStands, OwnRequest, SecondPerson, StepUpFirst, CaseIncomplete,
    BadVettingRecord, OrganizationState.
    """
    why = reason(verdict.reason)
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.DECIDE_CASE)
        asking = any_case(tx, case_id).account_id
    called = actors.names_of_account(desk, asking)
    with desk.database.write() as tx:
        # 1 authorise
        actors.require(tx, actor, permissions.DECIDE_CASE)
        case = any_case(tx, case_id, verdict.revision)
        state = after(case, verdict.step, Side.AUTHORITY)
        about = involved(tx, case, called)
        check_decider(actor, verdict.step, about)
        actors.require_fresh(desk, actor, permissions.DECIDE_CASE)

        # 2 look whether anything is missing
        if verdict.step is Step.APPROVE:
            _check_complete(desk, about)

        # 3 count the deciders
        if verdict.step is Step.APPROVE and approvals(about) + 1 < needed(case.kind, desk.config):
            state = case.state

        # 4 decide
        now = desk.clock.now()
        closed_at = now if state in (CaseState.APPROVED, CaseState.REFUSED) else None
        detail: dict[str, Fact] = {"kind": case.kind, "round": case.round}
        taken = Taken(verdict.step, actor, Side.AUTHORITY, why, detail)
        done = take(tx, desk, case, replace(case, state=state, closed_at=closed_at), taken)

        # 5 write what issuing checks
        if state is CaseState.APPROVED:
            _WRITES[case.kind](tx, desk, about, actor.journalled, now)
            _let_people_count(tx, about, actor.journalled, now)
        elif state is CaseState.REFUSED:
            close_people(tx, case)
            if case.kind is CaseKind.APPLICATION:
                organizations.end(tx, case.organization_id, actor=actor.journalled, reason="application refused", at=now)
        # A crash before the commit leaves the case as it was; after it, everything is done.
        return done


def modified_since(tx: Tx, since: datetime) -> tuple[str, ...]:
    """The organizations of which other facts stand since a moment."""
    return case_store.approved_since(tx, CaseKind.MODIFICATION, since)


def note(desk: Registration, actor: Actor, case_id: str, text: str, side: Side) -> VettingCase:
    """Write something to the other side. Raises NoSuchCase, DecidersOnly, CaseStands, BadVettingRecord."""
    with desk.database.write() as tx:
        if side is Side.AUTHORITY:
            actors.require(tx, actor, permissions.ASK_APPLICANT)
            case = any_case(tx, case_id)
            actors.require_other_account(actor, case.account_id)
        else:
            case = own_case(tx, actor, case_id)
        after(case, Step.NOTE, side)
        if len(case_store.entries(tx, case.id)) >= _MOST_ENTRIES:
            raise CaseStands(f"The case has {_MOST_ENTRIES} entries. Decide on it, or withdraw it.")
        return take(tx, desk, case, case, Taken(Step.NOTE, actor, side, reason(text)))


def suspend(desk: Registration, actor: Actor, organization_id: str, text: str) -> Organization:
    """Issue nothing more to an organization for now.

    Raises DecidersOnly, OwnRequest, StepUpFirst, NoSuchOrganization, OrganizationState.
    """
    with desk.database.write() as tx:
        known = _others(tx, desk, actor, permissions.SUSPEND_ORGANIZATION, organization_id)
        return organizations.suspend(tx, known.id, actor=actor.journalled, reason=reason(text), at=desk.clock.now())


def reinstate(desk: Registration, actor: Actor, organization_id: str, text: str) -> Organization:
    """Lift a suspension. Raises DecidersOnly, OwnRequest, StepUpFirst, NoSuchOrganization, OrganizationState."""
    with desk.database.write() as tx:
        known = _others(tx, desk, actor, permissions.SUSPEND_ORGANIZATION, organization_id)
        if known.status is not OrganizationStatus.SUSPENDED:
            raise OrganizationState(f"{known.facts.legal_name} is {known.status}, so there is no suspension to lift.")
        now = desk.clock.now()
        organizations.journal(tx, known, "organization.reinstated", actor.journalled, now, reason=reason(text))
        return organizations.approve(tx, known.id, actor=actor.journalled, at=now)


def check_may_end(desk: Registration, actor: Actor, organization_id: str) -> Organization:
    """The organization that an officer is about to end. Raises DecidersOnly, OwnRequest, StepUpFirst, NoSuchOrganization."""
    with desk.database.read() as tx:
        return _others(tx, desk, actor, permissions.END_ORGANIZATION, organization_id)


def _others(tx: Tx, desk: Registration, actor: Actor, rule: Rule, organization_id: str) -> Organization:
    actors.require(tx, actor, rule)
    known = organizations.find(tx, organization_id)
    actors.require_other_account(actor, known.account_id)
    actors.require_fresh(desk, actor, rule)
    return known


def _check_complete(desk: Registration, about: Involved) -> None:
    found = lacks(about, desk.config, desk.rules, desk.clock.now())
    if found:
        raise CaseIncomplete(" ".join(one.missing for one in found), field=found[0].field)


def _establish(tx: Tx, desk: Registration, about: Involved, actor: str, now: datetime) -> None:
    case = about.case
    facts = certified_facts(case.facts)
    organizations.establish(tx, case.organization_id, facts, actor=actor, at=now, review_due_at=_next_review(desk, now))


def _amend(tx: Tx, _desk: Registration, about: Involved, actor: str, now: datetime) -> None:
    case = about.case
    organizations.amend(tx, case.organization_id, certified_facts(case.facts), actor=actor, at=now)


def _review(tx: Tx, desk: Registration, about: Involved, actor: str, now: datetime) -> None:
    case = about.case
    known = organizations.find(tx, case.organization_id)
    if standing_facts(tx, known) != case.facts:
        raise OrganizationState("The facts have changed since the review began. It must be withdrawn and begun anew.")
    organizations.review(tx, known.id, actor=actor, at=now, review_due_at=_next_review(desk, now))


def _nothing_more(tx: Tx, _desk: Registration, about: Involved, _actor: str, _now: datetime) -> None:
    organizations.require_open(tx, about.case.organization_id)


_WRITES = {
    CaseKind.APPLICATION: _establish,
    CaseKind.MODIFICATION: _amend,
    CaseKind.PEOPLE: _nothing_more,
    CaseKind.REVIEW: _review,
}
"""What the approval of each kind of case changes besides the people."""


def _next_review(desk: Registration, now: datetime) -> datetime:
    return now + timedelta(days=desk.config.review_days)


def _let_people_count(tx: Tx, about: Involved, actor: str, now: datetime) -> None:
    """Those who were proposed count; what issuing checks is the proofing of representatives alone."""
    for one in about.people:
        if one.case_id != about.case.id or one.state is not PersonState.PROPOSED:
            continue
        organization_person_store.move(tx, one, PersonState.ACTIVE)
        if one.role is PersonRole.REPRESENTATIVE and one.proofing is not None:
            said = one.proofing
            facts = ProofingFacts(
                one.name, said.method, said.evidence_type, said.evidence_number, said.verifier, said.proofed_at, True, True
            )
            made = Proofing(one.id, one.organization_id, facts, ProofingStatus.VALID)
            evidence.keep_proofing(tx, made, said.evidence_sealed, said.declarations_version, actor=actor, at=now)
