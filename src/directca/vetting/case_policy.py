"""The registration authority's decisions about cases that need no database: which step comes after which, who may decide,
what an application lacks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from directca.pki.profiles import Rules
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.case_errors import CaseStands, OwnRequest, SecondPerson
from directca.vetting.case_model import (
    Actor,
    CaseFacts,
    CaseKind,
    CaseState,
    Entry,
    Lack,
    OrganizationPerson,
    PersonRole,
    PersonState,
    Side,
    Step,
    VettingCase,
)
from directca.vetting.declarations import CURRENT
from directca.vetting.errors import BadVettingRecord
from directca.vetting.npi import is_npi
from directca.vetting.policy import check_country, cleaned, cleaned_note, proofing_ends, same_text

_APPLICANT, _AUTHORITY = Side.APPLICANT, Side.AUTHORITY
BOTH = frozenset(Side)

STEPS: dict[tuple[CaseState, Step], tuple[frozenset[Side], CaseState]] = {
    (CaseState.DRAFT, Step.EDIT): (frozenset({_APPLICANT}), CaseState.DRAFT),
    (CaseState.DRAFT, Step.PROOF): (frozenset({_AUTHORITY}), CaseState.DRAFT),
    (CaseState.DRAFT, Step.SUBMIT): (frozenset({_APPLICANT}), CaseState.SUBMITTED),
    (CaseState.DRAFT, Step.NOTE): (BOTH, CaseState.DRAFT),
    (CaseState.DRAFT, Step.WITHDRAW): (frozenset({_APPLICANT}), CaseState.WITHDRAWN),
    (CaseState.SUBMITTED, Step.NOTE): (BOTH, CaseState.SUBMITTED),
    (CaseState.SUBMITTED, Step.SEND_BACK): (frozenset({_AUTHORITY}), CaseState.DRAFT),
    (CaseState.SUBMITTED, Step.APPROVE): (frozenset({_AUTHORITY}), CaseState.APPROVED),
    (CaseState.SUBMITTED, Step.REJECT): (frozenset({_AUTHORITY}), CaseState.REJECTED),
    (CaseState.SUBMITTED, Step.WITHDRAW): (frozenset({_APPLICANT}), CaseState.WITHDRAWN),
    (CaseState.REJECTED, Step.NOTE): (BOTH, CaseState.REJECTED),
    (CaseState.REJECTED, Step.REVISE): (frozenset({_APPLICANT}), CaseState.DRAFT),
    (CaseState.REJECTED, Step.APPEAL): (frozenset({_APPLICANT}), CaseState.APPEALED),
    (CaseState.REJECTED, Step.WITHDRAW): (frozenset({_APPLICANT}), CaseState.WITHDRAWN),
    (CaseState.APPEALED, Step.NOTE): (BOTH, CaseState.APPEALED),
    (CaseState.APPEALED, Step.SEND_BACK): (frozenset({_AUTHORITY}), CaseState.DRAFT),
    (CaseState.APPEALED, Step.APPROVE): (frozenset({_AUTHORITY}), CaseState.APPROVED),
    (CaseState.APPEALED, Step.REJECT): (frozenset({_AUTHORITY}), CaseState.REFUSED),
    (CaseState.APPEALED, Step.WITHDRAW): (frozenset({_APPLICANT}), CaseState.WITHDRAWN),
}
"""Every step there is, by the state it begins in: whose it is, and where it leads. What is not here cannot be done."""

CLOSED = frozenset(CaseState) - {before for before, _ in STEPS}
"""The states in which nothing can be done any more."""

WAITING = frozenset({CaseState.SUBMITTED, CaseState.APPEALED})
"""The states in which it is the authority's turn."""

_SHORT, _LONG = 64, 128
_MOST_AFFILIATES = 50
APPLICANT_ACTS, AUTHORITY_ACTS = "the applicant", "an officer of the certificate authority"


def after(case: VettingCase, step: Step, side: Side) -> CaseState:
    """Where a step leads. Raises CaseStands when it cannot be taken, or not by this side."""
    found = STEPS.get((case.state, step))
    if found is None or side not in found[0]:
        raise CaseStands(f"The case is {case.state}, so {_WHO[side]} cannot {step.replace('_', ' ')} it now.")
    return found[1]


_WHO = {_APPLICANT: APPLICANT_ACTS, _AUTHORITY: "the certificate authority"}


@dataclass(frozen=True)
class Involved:
    """Everybody who has to do with a case: its history, the people whom it is about, and what those of its account are called."""

    case: VettingCase
    entries: tuple[Entry, ...]
    people: tuple[OrganizationPerson, ...]
    account_names: tuple[str, ...] = ()


def check_decider(decider: Actor, step: Step, about: Involved) -> None:
    """Refuse who decides on their own request, by whichever account, or approves twice, or decides on an appeal against
    themselves. Raises OwnRequest, SecondPerson.

    The same person with a second account is known by what they are called: the name that a person or an application gives.
    Who has approved may still reject.
    """
    case = about.case
    if decider.account_id is not None and decider.account_id == case.account_id:
        raise OwnRequest("Your own account asked for this, so another officer must decide.")
    asked = [one for one in about.entries if one.side is Side.APPLICANT or one.step is Step.PROOF]
    called = [*about.account_names, *(name for one in asked for name in one.names)]
    called += [one.name for one in about.people]
    called += [one.proofing.verifier for one in about.people if one.proofing is not None and one.state is PersonState.PROPOSED]
    called += [case.facts.attested_by] if case.facts.attested_by else []
    if any(one.actor == decider.id for one in asked) or same_name(decider.names, called):
        raise OwnRequest("Somebody who is called as you are takes part in this case, so another officer must decide.")
    for one in _decisions(step, about):
        # Whoever sits at the machine can call themselves anything, so all of the operators are one.
        both_operators = decider.person_id is None and one.actor.startswith("operator:")
        if both_operators or one.actor == decider.id or same_name(decider.names, one.names):
            raise SecondPerson("You have decided on this already; another officer must do so now.")


def approvals(about: Involved) -> int:
    """By how many different people the case is approved in its present round."""
    return len({one.actor for one in _approvals(about)})


def _decisions(step: Step, about: Involved) -> tuple[Entry, ...]:
    """The decisions that somebody else must have taken: the approvals of this round; on appeal, every rejection."""
    appealed = about.case.state is CaseState.APPEALED
    rejections = tuple(one for one in about.entries if one.step is Step.REJECT) if appealed else ()
    return (*rejections, *(_approvals(about) if step is Step.APPROVE else ()))


def _approvals(about: Involved) -> tuple[Entry, ...]:
    return tuple(one for one in about.entries if one.step is Step.APPROVE and one.round == about.case.round)


def needed(kind: CaseKind, config: ApprovalConfig) -> int:
    """How many different people must approve."""
    return {
        CaseKind.APPLICATION: config.deciders_application,
        CaseKind.MODIFICATION: config.deciders_modification,
        CaseKind.PEOPLE: config.deciders_people,
        CaseKind.REVIEW: config.deciders_review,
    }[kind]


def cleaned_facts(facts: CaseFacts) -> CaseFacts:
    """The facts in the form in which they are kept; what is absent stays absent. Raises BadVettingRecord."""
    if facts.npi is not None and not is_npi(facts.npi):
        raise BadVettingRecord("This is no NPI: ten digits of which the last checks the others. Look it up again.", field="npi")
    check_country(facts.country)
    for field, several in (("organizational_units", facts.organizational_units), ("affiliates", facts.affiliates)):
        if len(several) > _MOST_AFFILIATES or len(set(several)) != len(several):
            raise BadVettingRecord(f"Give each once, and {_MOST_AFFILIATES} at most.", field=field)
    if len(set(facts.organization_types)) != len(facts.organization_types):
        raise BadVettingRecord("Give each category once.", field="organization_types")
    if facts.attestation_version not in (None, CURRENT):
        raise BadVettingRecord(f"The attestation to be made now is version {CURRENT}.", field="attestation_version")
    lengths = {"street": _LONG, "locality": _LONG, "state": _LONG, "existence_reference": _LONG, "parent": _LONG}
    texts: dict[str, Any] = {
        name: harmless(name, text, most=lengths.get(name, _SHORT))
        for name in ("legal_name", "postal_code", "attested_by", "attested_title", *lengths)
        if (text := getattr(facts, name)) is not None
    }
    return replace(
        facts,
        **texts,
        organizational_units=tuple(harmless("organizational_units", one, most=_SHORT) for one in facts.organizational_units),
        affiliates=tuple(harmless("affiliates", one, most=_LONG) for one in facts.affiliates),
    )


def harmless(field: str, text: str, *, most: int) -> str:
    """A name or a fact that no table reads as a formula and no page as a tag. Raises BadVettingRecord."""
    found = cleaned(field, text, most=most)
    if found[0] in "=+-@" or "<" in found or ">" in found:
        raise BadVettingRecord(f"{field.replace('_', ' ')} must not begin with = + - @ or hold < or >.", field=field)
    return found


def reason(text: str) -> str:
    """Why something is decided, or a note. Raises BadVettingRecord."""
    return cleaned_note("text", text)


def lacks(about: Involved, config: ApprovalConfig, rules: Rules, now: datetime) -> tuple[Lack, ...]:
    """Everything without which the case cannot be approved."""
    case = about.case
    proposed = [one for one in about.people if one.case_id == case.id and one.state is PersonState.PROPOSED]
    found: list[Lack] = []
    if case.kind is not CaseKind.PEOPLE:
        found += _lacking_facts(case.facts, config)
    for one in proposed:
        found += _lacking_proofing(one, rules, now)
    if case.kind is CaseKind.APPLICATION and not any(
        one.role is PersonRole.REPRESENTATIVE and one.proofing is not None for one in proposed
    ):
        found.append(_lack("people", "A representative whose identity was proofed must be named."))
    if case.kind is CaseKind.PEOPLE and not proposed:
        found.append(_lack("people", "Nobody is proposed."))
    return tuple(found)


def _lacking_facts(facts: CaseFacts, config: ApprovalConfig) -> list[Lack]:
    wanted = {
        "legal_name": "The legal name",
        "street": "The street address",
        "locality": "The city or town",
        "state": "The state, spelled out",
        "postal_code": "The postal code",
        "organization_types": "The category",
        "existence_evidence": "The evidence that the organization exists",
        "existence_reference": "The number or reference of that evidence",
        "attested_by": "Who attested to the category",
        "attested_title": "The title of who attested to the category",
        "attestation_version": "The version of the attestation",
    }
    found = [_lack(name, f"{text} is missing.") for name, text in wanted.items() if not getattr(facts, name)]
    if facts.npi is None and any(kind.value in config.npi_for for kind in facts.organization_types):
        found.append(_lack("npi", "The NPI is missing; the certificate policy asks for it in health care."))
    return found


def _lacking_proofing(person: OrganizationPerson, rules: Rules, now: datetime) -> list[Lack]:
    proofing = person.proofing
    if proofing is None:
        unproofed = [_lack("people", f"The identity of {person.name} is not proofed.")]
        return unproofed if person.role is PersonRole.REPRESENTATIVE else []
    if now >= proofing.proofed_at + rules.proofing_first_issue:
        days = rules.proofing_first_issue.days
        return [_lack("people", f"The proofing of {person.name} is older than {days} days; it must be made again.")]
    if now >= proofing_ends(proofing.proofed_at, rules.proofing_maximum_years) or proofing.declarations_version != CURRENT:
        return [_lack("people", f"The proofing of {person.name} must be made again, with the declarations of version {CURRENT}.")]
    return []


def _lack(field: str, text: str) -> Lack:
    return Lack(field, text, APPLICANT_ACTS)


def same_name(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether somebody is called the same in one way or another."""
    others = tuple(other)
    return any(same_text(mine, theirs) for mine in one for theirs in others)
