"""What waits for the authority, and every case: for officers, who decide, and for auditors, who read."""

from starlette.requests import Request
from starlette.responses import Response

from directca.vetting import case_list
from directca.vetting.case_model import CaseFilter, CaseKind, CaseState
from directca.vetting.case_policy import WAITING
from directca.vetting.model import OrganizationStatus
from directca.web.console import case_words
from directca.web.console.context import Console
from directca.web.console.paging import address, place, written
from directca.web.next_page import CONSOLE

QUEUE = f"{CONSOLE}/queue"
REGISTRY = f"{CONSOLE}/authority/organizations"
_WAITING, _ALL = "waiting", "all"
_LONGEST = 64


def show_queue(console: Console, request: Request) -> Response:
    """The cases that wait, the longest first; or those that the filters say."""
    visit = console.visit(request)
    asked = request.query_params
    state, kind, name = asked.get("state", _WAITING), asked.get("kind", ""), asked.get("name", "").strip()[:_LONGEST]
    filters = CaseFilter(_states(state), CaseKind(kind) if kind in set(CaseKind) else None, name)
    actor = visit.actor
    found = case_list.cases(console.registration, actor, filters, place(asked.get("after", "")))
    said = (("state", "" if state == _WAITING else state), ("kind", kind), ("name", name))
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/queue.html",
        found=found,
        due=case_list.due_for_review(console.registration, actor),
        next_page=address(QUEUE, said, after=written(found.after)) if found.after else "",
        is_further="after" in asked,
        is_filtered=any(value for _, value in said),
        state_choices=((_WAITING, "Waiting for us"), (_ALL, "All"), *((one.value, one.value) for one in CaseState)),
        kind_choices=(("", "All"), *((one.value, words) for one, words in case_words.KINDS.items())),
        state=state,
        kind=kind,
        name=name,
        words=case_words,
    )


def show_registry(console: Console, request: Request) -> Response:
    """Every organization, by name."""
    visit = console.visit(request)
    asked = request.query_params
    status, name = asked.get("status", ""), asked.get("name", "").strip()[:_LONGEST]
    after = (asked["after"], asked.get("after_id", "")) if asked.get("after") else None
    chosen = OrganizationStatus(status) if status in set(OrganizationStatus) else None
    found = case_list.organizations_chosen(console.registration, visit.actor, chosen, name, after)
    said = (("status", status), ("name", name))
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/registry.html",
        found=found,
        next_page=address(REGISTRY, said, after=found.after[0], after_id=found.after[1]) if found.after else "",
        is_further=after is not None,
        is_filtered=any(value for _, value in said),
        status_choices=(("", "All"), *((one.value, one.value) for one in OrganizationStatus)),
        status=status,
        name=name,
        words=case_words,
    )


def _states(word: str) -> tuple[CaseState, ...]:
    if word in set(CaseState):
        return (CaseState(word),)
    return () if word == _ALL else tuple(WAITING)
