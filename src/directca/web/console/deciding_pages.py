"""A case before an officer: everything on one page, the decision, a word to the applicant, numbers opened on purpose."""

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import permissions
from directca.revocation import lost_categories
from directca.vetting import case_list, case_page, deciding, domain_views
from directca.vetting.case_model import CaseKind, CaseState, Side
from directca.vetting.case_policy import WAITING
from directca.vetting.deciding import VERDICTS, Verdict
from directca.vetting.evidence_shown import show_evidence
from directca.web import written
from directca.web.console import case_words, mistakes
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.forms import Form
from directca.web.next_page import CONSOLE, second_factor_address

CASES = f"{CONSOLE}/cases"


def show_case(console: Console, request: Request) -> Response:
    """The case, with all that bears on it."""
    return _case(console, console.visit(request), request)


def submit_case(console: Console, request: Request, form: Form) -> Response:
    """Decide, or write to the applicant."""
    visit = console.sent(request, form)
    case_id, step, text = request.path_params["case"], form.text("step"), form.text("text")
    try:
        if step in VERDICTS:
            revision = written.number(form.text("revision"))
            _decide(console, visit, case_id, Verdict(VERDICTS[step], text, -1 if revision is None else revision))
        elif step == "note":
            deciding.note(console.registration, visit.actor, case_id, text, Side.AUTHORITY)
        else:
            return _case(console, visit, request, mistakes.beside((None, "Choose a step that the page offers.")))
    except mistakes.SHOWN as error:
        return _case(console, visit, request, mistakes.of(error, ("text",)), text)
    return done(f"{CASES}/{case_id}")


def show_numbers(console: Console, request: Request) -> Response:
    """Asks why somebody's numbers are to be opened."""
    return _numbers(console, console.visit(request), request)


def submit_numbers(console: Console, request: Request, form: Form) -> Response:
    """The numbers, this once. The journal has who looked, and why."""
    visit = console.sent(request, form)
    why = form.text("text")
    try:
        numbers = show_evidence(console.registration, visit.actor, request.path_params["person"], why)
    except mistakes.SHOWN as error:
        return _numbers(console, visit, request, mistakes.of(error, ("text",)), why)
    return _numbers(console, visit, request, numbers=numbers)


def _decide(console: Console, visit: Visit, case_id: str, verdict: Verdict) -> None:
    actor = visit.actor
    case = deciding.decide(console.registration, actor, case_id, verdict)
    if case.kind is CaseKind.MODIFICATION and case.state is CaseState.APPROVED:
        lost = lost_categories.revoke_lost(console.revocation, case.organization_id, actor=actor.journalled)
        if lost is not None:
            console.begin_revocations(lost.id)


def _case(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, text: str = "") -> Response:
    desk, actor = console.registration, visit.actor
    page = case_page.case_page(desk, actor, request.path_params["case"], officer=True)
    may_decide = not permissions.DECIDE_CASE.other.isdisjoint(visit.session.person.roles)
    is_own = page.case.account_id == visit.account_id
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/deciding.html",
        wrong.shown,
        page=page,
        rows=case_words.rows(page.case.facts, page.standing if page.case.kind is CaseKind.MODIFICATION else None),
        earlier=case_list.earlier_cases(desk, actor, page.case.id),
        domains=domain_views.of_organization(console.domains, actor, page.organization.id),
        may_act=may_decide and not is_own,
        is_own=may_decide and is_own,
        may_decide=may_decide and not is_own and page.case.state in WAITING,
        is_open=page.case.closed_at is None,
        step_up="" if visit.has_stepped_up else second_factor_address(request.url.path),
        is_last=page.approvals + 1 >= page.approvals_needed,
        words=case_words,
        errors=wrong.found,
        text=text,
        here=request.url.path,
    )


def _numbers(
    console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, text: str = "", numbers: str = ""
) -> Response:
    person = case_page.person(console.registration, visit.actor, request.path_params["person"], officer=True)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/numbers.html",
        wrong.shown,
        person=person,
        numbers=numbers,
        errors=wrong.found,
        text=text,
        back=f"{CASES}/{person.case_id}",
        here=request.url.path,
    )
