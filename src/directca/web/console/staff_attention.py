"""What waits for the authority's own people: cases, and proposals that want a second officer. For the first page of staff."""

from collections.abc import Iterable
from dataclasses import dataclass

from directca.accounts import permissions
from directca.accounts.permissions import Rule
from directca.vetting import case_list, proposals
from directca.vetting.case_model import CaseFilter
from directca.vetting.case_policy import WAITING
from directca.web.console.context import Visit
from directca.web.console.proposal_pages import PROPOSALS
from directca.web.console.queue_pages import QUEUE


@dataclass(frozen=True)
class Waits:
    """Something of which there is some: of what kind, how many, where it is done."""

    about: str
    sentence: str
    who: str
    path: str
    way: str


def waits(visit: Visit) -> Iterable[Waits]:
    """What there is for the roles that the visitor holds. Reads the database."""
    desk, actor = visit.console.registration, visit.actor
    if _may(visit, permissions.SEE_EVERY_CASE):
        count = case_list.cases(desk, actor, CaseFilter(tuple(WAITING))).total
        if count:
            who = "an officer of another account than the applicant's"
            yield Waits("cases", _counted(count, "case waits", "cases wait") + " for a decision.", who, QUEUE, "Go to the queue")
    if _may(visit, permissions.SEE_PROPOSALS):
        count = proposals.waiting(desk, actor).total
        if count:
            who = "an officer other than the one who proposes it"
            sentence = _counted(count, "proposal waits", "proposals wait") + " for a second officer."
            yield Waits("proposals", sentence, who, PROPOSALS, "Go to the proposals")


def _may(visit: Visit, rule: Rule) -> bool:
    return not rule.other.isdisjoint(visit.session.person.roles)


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"
