"""What an applicant does: open a case, say and correct facts, propose people, submit, answer, revise, appeal, withdraw.

Nothing here is relied upon by anybody: what issuing checks is written when a case is approved (`deciding.py`). Each step is one
transaction with its row in the journal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from directca.accounts import permissions
from directca.db.engine import Tx
from directca.journal.model import Fact
from directca.vetting import actors, case_store, evidence, organization_person_store, organizations
from directca.vetting.case_errors import CaseIncomplete, CaseOpen, CaseStands, TooManyCases
from directca.vetting.case_file import Taken, any_person, involved, own_case, own_organization, take
from directca.vetting.case_model import (
    Actor,
    CaseFacts,
    CaseKind,
    CaseState,
    OrganizationPerson,
    PersonRole,
    PersonState,
    ProposedProofing,
    Side,
    Step,
    VettingCase,
)
from directca.vetting.case_policy import after, cleaned_facts, harmless, lacks, reason
from directca.vetting.context import Registration
from directca.vetting.declarations import CURRENT
from directca.vetting.errors import BadVettingRecord
from directca.vetting.model import Organization, OrganizationFacts, OrganizationStatus, ProofingFacts, ProofingMethod, masked
from directca.vetting.policy import cleaned, cleaned_proofing

_MOST_PEOPLE = 20
_MOST_EVIDENCE = 3
_EDITABLE = frozenset(one.name for one in fields(CaseFacts))


@dataclass(frozen=True)
class SaidProofing:
    """An identity proofing as an applicant says it took place. `evidence` is type and number, once for each document."""

    method: ProofingMethod
    evidence: tuple[tuple[str, str], ...]
    verifier: str
    proofed_at: datetime
    declared_by_representative: str | None
    declared_by_verifier: str | None


@dataclass(frozen=True)
class SaidPerson:
    """Somebody whom an applicant proposes for an organization."""

    name: str
    title: str
    role: PersonRole
    proofing: SaidProofing | None = None


def apply(desk: Registration, actor: Actor, facts: CaseFacts) -> VettingCase:
    """Open a case for a new organization, as a draft that nobody relies upon.

    Raises BadVettingRecord, TooManyCases, AccountSuspended.
    """
    kept = cleaned_facts(facts)
    if kept.legal_name is None:
        raise BadVettingRecord("Give the organization's legal name; everything else may follow.", field="legal_name")
    with desk.database.write() as tx:
        now = desk.clock.now()
        account_id = _may_open(tx, desk, actor)
        made = organizations.begin(tx, account_id, kept.legal_name, actor=actor.journalled, at=now, random=desk.random)
        return _open(tx, desk, actor, CaseKind.APPLICATION, made, kept)


def reopen(desk: Registration, actor: Actor, kind: CaseKind, organization_id: str) -> VettingCase:
    """Open a case about an organization that is approved: other facts, further people, or a review. It begins with the facts
    that stand, which go on to stand until it is approved.

    Further people are for the account's representative to ask for. Raises NotPermitted, NoSuchOrganization, CaseStands, CaseOpen,
    TooManyCases, AccountSuspended.
    """
    if kind is CaseKind.APPLICATION:
        raise BadVettingRecord("A new organization applies by itself; leave the kind to the others.", field="kind")
    with desk.database.write() as tx:
        _may_open(tx, desk, actor)
        known = own_organization(tx, actor, organization_id)
        if kind is CaseKind.PEOPLE:
            actors.require_own(tx, actor, permissions.OPEN_PEOPLE_CASE)
        if known.status not in (OrganizationStatus.APPROVED, OrganizationStatus.SUSPENDED):
            raise CaseStands(f"{known.facts.legal_name} is {known.status}; only an approved organization can be changed.")
        if (undecided := case_store.open_case(tx, known.id)) is not None:
            raise CaseOpen(f"{known.facts.legal_name} has the case {undecided}, which is not decided yet.")
        return _open(tx, desk, actor, kind, known, standing_facts(tx, known))


def edit(desk: Registration, actor: Actor, case_id: str, changes: Mapping[str, Any], revision: int | None = None) -> VettingCase:
    """Say other facts in a draft. A review changes nothing; facts are changed by a modification.

    Raises NoSuchCase, CaseStands, CaseChanged, BadVettingRecord.
    """
    if unknown := set(changes) - _EDITABLE:
        raise BadVettingRecord("There is no such fact.", field=min(unknown))
    with desk.database.write() as tx:
        case = own_case(tx, actor, case_id, revision)
        if case.kind not in (CaseKind.APPLICATION, CaseKind.MODIFICATION):
            raise CaseStands("Facts are changed by a case of the kind modification.")
        state = after(case, Step.EDIT, Side.APPLICANT)
        facts = cleaned_facts(_with(case.facts, changes))
        if facts.legal_name is None:
            raise BadVettingRecord("An organization has a legal name.", field="legal_name")
        now = replace(case, state=state, facts=facts)
        return take(tx, desk, case, now, Taken(Step.EDIT, actor, detail={"fields": sorted(changes)}))


def propose(desk: Registration, actor: Actor, case_id: str, said: SaidPerson) -> OrganizationPerson:
    """Name somebody in a draft, with the proofing of their identity. Numbers of evidence are sealed before they are kept.

    Raises NoSuchCase, CaseStands, BadVettingRecord.
    """
    person_id = desk.identifier()
    name, title = harmless("name", said.name, most=128), harmless("title", said.title, most=64)
    proofing = None if said.proofing is None else kept(desk, said.proofing, name, person_id)
    with desk.database.write() as tx:
        case = own_case(tx, actor, case_id)
        if case.kind in (CaseKind.MODIFICATION, CaseKind.REVIEW):
            raise CaseStands("People are named in an application, or in a case of the kind people.")
        state = after(case, Step.EDIT, Side.APPLICANT)
        known = organization_person_store.of_organization(tx, case.organization_id)
        if sum(1 for one in known if one.case_id == case.id) >= _MOST_PEOPLE:
            raise BadVettingRecord(f"A case names {_MOST_PEOPLE} people at most.", field="name")
        made = OrganizationPerson(
            id=person_id,
            account_id=case.account_id,
            organization_id=case.organization_id,
            case_id=case.id,
            name=name,
            title=title,
            role=said.role,
            state=PersonState.PROPOSED,
            added_by=actor.id,
            added_at=desk.clock.now(),
            proofing=proofing,
        )
        organization_person_store.add(tx, made)
        _edited(tx, desk, replace(case, state=state), actor, proposed=made.id, role=made.role)
        return made


def unpropose(desk: Registration, actor: Actor, person_id: str) -> VettingCase:
    """Take somebody out of a draft. Raises NoSuchOrganizationPerson, CaseStands."""
    with desk.database.write() as tx:
        person = any_person(tx, person_id, actor.account_id or "")
        case = own_case(tx, actor, person.case_id)
        state = after(case, Step.EDIT, Side.APPLICANT)
        if not organization_person_store.forget(tx, person.id):
            raise CaseStands(f"{person.name} is {person.state}, so they cannot be taken out of a draft.")
        return _edited(tx, desk, replace(case, state=state), actor, taken_out=person.id)


def retire(desk: Registration, actor: Actor, person_id: str, text: str) -> OrganizationPerson:
    """Let somebody of the actor's organizations count no longer, at once; their proofing is relied upon no longer.

    It takes rights away and gives none, so nobody decides on it; the account's representative does it. Raises NotPermitted,
    NoSuchOrganizationPerson, CaseStands, BadVettingRecord.
    """
    why = reason(text)
    with desk.database.write() as tx:
        person = any_person(tx, person_id, actor.account_id or "")
        actors.require_own(tx, actor, permissions.RETIRE_PERSON)
        if person.state is not PersonState.ACTIVE or not organization_person_store.move(tx, person, PersonState.ENDED):
            raise CaseStands(f"{person.name} is {person.state}, so there is nothing to end.")
        at = desk.clock.now()
        about = organizations.find(tx, person.organization_id)
        evidence.withdraw_if_valid(tx, about.id, person.id, actor=actor.journalled, at=at)
        organizations.journal(tx, about, "representative.ended", actor.journalled, at, person=person.id, reason=why)
        return replace(person, state=PersonState.ENDED)


def submit(desk: Registration, actor: Actor, case_id: str, revision: int | None = None) -> VettingCase:
    """Bring a draft before the authority.

    Raises NoSuchCase, CaseStands, CaseChanged, and CaseIncomplete, which says what it lacks.
    """
    with desk.database.write() as tx:
        case = own_case(tx, actor, case_id, revision)
        state = after(case, Step.SUBMIT, Side.APPLICANT)
        found = lacks(involved(tx, case), desk.config, desk.rules, desk.clock.now())
        if found:
            raise CaseIncomplete(" ".join(one.missing for one in found), field=found[0].field)
        now = replace(case, state=state, round=case.round + 1, submitted_at=desk.clock.now())
        return take(tx, desk, case, now, Taken(Step.SUBMIT, actor))


def appeal(desk: Registration, actor: Actor, case_id: str, text: str) -> VettingCase:
    """Ask that somebody else decides on a rejected case. Raises NoSuchCase, CaseStands, BadVettingRecord."""
    with desk.database.write() as tx:
        case = own_case(tx, actor, case_id)
        state = after(case, Step.APPEAL, Side.APPLICANT)
        now = replace(case, state=state, round=case.round + 1, submitted_at=desk.clock.now())
        return take(tx, desk, case, now, Taken(Step.APPEAL, actor, text=reason(text)))


def revise(desk: Registration, actor: Actor, case_id: str) -> VettingCase:
    """Make a draft of a rejected case again. Raises NoSuchCase, CaseStands."""
    with desk.database.write() as tx:
        case = own_case(tx, actor, case_id)
        now = replace(case, state=after(case, Step.REVISE, Side.APPLICANT))
        return take(tx, desk, case, now, Taken(Step.REVISE, actor))


def withdraw(desk: Registration, actor: Actor, case_id: str) -> VettingCase:
    """Ask for it no longer. An organization that was never approved ends with its application. Raises NoSuchCase, CaseStands."""
    with desk.database.write() as tx:
        case = own_case(tx, actor, case_id)
        at = desk.clock.now()
        now = replace(case, state=after(case, Step.WITHDRAW, Side.APPLICANT), closed_at=at)
        done = take(tx, desk, case, now, Taken(Step.WITHDRAW, actor))
        close_people(tx, case)
        if case.kind is CaseKind.APPLICATION:
            organizations.end(tx, case.organization_id, actor=actor.journalled, reason="application withdrawn", at=at)
        return done


def close_people(tx: Tx, case: VettingCase) -> None:
    """Whoever a case that came to nothing proposed never counts."""
    for one in organization_person_store.of_organization(tx, case.organization_id):
        if one.case_id == case.id and one.state is PersonState.PROPOSED:
            organization_person_store.move(tx, one, PersonState.ENDED)


def standing_facts(tx: Tx, known: Organization) -> CaseFacts:
    """What is on file about an organization now. One that the operator registered may lack what only applications ask for."""
    last = case_store.last_approved(tx, known.id, (CaseKind.APPLICATION, CaseKind.MODIFICATION))
    facts = known.facts
    return replace(
        CaseFacts() if last is None else last.facts,
        legal_name=facts.legal_name,
        country=facts.country,
        state=facts.state,
        locality=facts.locality,
        organizational_units=facts.organizational_units,
        organization_types=facts.organization_types,
    )


def certified_facts(facts: CaseFacts) -> OrganizationFacts:
    """Those of the facts from which certificates are built."""
    return OrganizationFacts(
        legal_name=facts.legal_name or "",
        country=facts.country,
        state=facts.state or "",
        locality=facts.locality or "",
        organizational_units=facts.organizational_units,
        organization_types=facts.organization_types,
    )


def _with(facts: CaseFacts, changes: Mapping[str, Any]) -> CaseFacts:
    """The facts with changes. Who changes the categories attests to them anew."""
    changed = replace(facts, **changes)
    if changed.organization_types == facts.organization_types or {"attested_by", "attestation_version"} <= set(changes):
        return changed
    return replace(changed, attested_by=None, attested_title=None, attestation_version=None)


def _may_open(tx: Tx, desk: Registration, actor: Actor) -> str:
    account_id = actors.require_account(tx, actor)
    if case_store.undecided(tx, account_id) >= desk.config.open_cases:
        raise TooManyCases(f"The account has {desk.config.open_cases} undecided cases. Withdraw one, or wait for a decision.")
    return account_id


def _open(tx: Tx, desk: Registration, actor: Actor, kind: CaseKind, about: Organization, facts: CaseFacts) -> VettingCase:
    made = VettingCase(
        id=desk.identifier(),
        account_id=about.account_id,
        organization_id=about.id,
        kind=kind,
        state=CaseState.DRAFT,
        facts=facts,
        round=0,
        revision=0,
        opened_at=desk.clock.now(),
    )
    case_store.add(tx, made)
    return take(tx, desk, made, made, Taken(Step.OPEN, actor, detail={"kind": kind, "organization": about.id}))


def _edited(tx: Tx, desk: Registration, case: VettingCase, actor: Actor, **detail: Fact) -> VettingCase:
    return take(tx, desk, case, case, Taken(Step.EDIT, actor, detail=detail))


def kept(desk: Registration, said: SaidProofing, name: str, person_id: str) -> ProposedProofing:
    """A proofing as it is kept with a person, its numbers sealed. Raises BadVettingRecord."""
    if not 1 <= len(said.evidence) <= _MOST_EVIDENCE:
        raise BadVettingRecord(f"Give 1 to {_MOST_EVIDENCE} documents as evidence.", field="evidence")
    for version in (said.declared_by_representative, said.declared_by_verifier):
        if version != CURRENT:
            raise BadVettingRecord(f"Both declarations must have been made, in version {CURRENT}.", field="declarations")
    types = ", ".join(harmless("evidence_type", kind, most=60) for kind, _ in said.evidence)
    numbers = [cleaned("evidence_number", number, most=60) for _, number in said.evidence]
    facts = ProofingFacts(
        name, said.method, types, ", ".join(numbers), harmless("verifier", said.verifier, most=128), said.proofed_at, True, True
    )
    checked = cleaned_proofing(facts, years=desk.rules.proofing_maximum_years, now=desk.clock.now())
    return ProposedProofing(
        method=checked.method,
        evidence_type=checked.evidence_type,
        evidence_number=", ".join(masked(one) for one in numbers),
        evidence_sealed=desk.seal(checked.evidence_number, person_id),
        verifier=checked.verifier,
        proofed_at=checked.proofed_at,
        declarations_version=CURRENT,
    )
