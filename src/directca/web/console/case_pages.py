"""An applicant's case: the draft with its facts and people, what it lacks, what was said and decided, the next step."""

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from directca.vetting import applying, case_page, deciding
from directca.vetting.case_model import Actor, CaseKind, Side, Step, VettingCase
from directca.vetting.case_page import CasePage
from directca.vetting.case_policy import STEPS
from directca.vetting.context import Registration
from directca.web import written
from directca.web.console import case_words, mistakes, organization_form, person_form
from directca.web.console.confirmation import CONFIRMED, Asked, ask, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.organization_pages import CASES
from directca.web.forms import Form

_WITH_TEXT: Mapping[str, Callable[[Registration, Actor, str, str], VettingCase]] = {
    "note": lambda desk, actor, case_id, text: deciding.note(desk, actor, case_id, text, Side.APPLICANT),
    "appeal": applying.appeal,
}
_PLAIN: Mapping[str, Callable[[Registration, Actor, str], VettingCase]] = {
    "submit": applying.submit,
    "revise": applying.revise,
    "withdraw": applying.withdraw,
}


def show_case(console: Console, request: Request) -> Response:
    """The case."""
    return _case(console, console.visit(request), request)


def submit_case(console: Console, request: Request, form: Form) -> Response:
    """The next step: submit, revise, withdraw, appeal, write, or take somebody out of the draft."""
    visit = console.sent(request, form)
    case_id, step, desk = request.path_params["case"], form.text("step"), console.registration
    if step == "withdraw" and form.text(CONFIRMED[0]) != CONFIRMED[1]:
        return _ask_withdraw(console, visit, request)
    try:
        if step in _WITH_TEXT:
            _WITH_TEXT[step](desk, visit.actor, case_id, form.text("text"))
        elif step in _PLAIN:
            _PLAIN[step](desk, visit.actor, case_id)
        elif step == "take_out":
            applying.unpropose(desk, visit.actor, form.text("person"))
        else:
            return _case(console, visit, request, mistakes.beside((None, "Choose a step that the page offers.")))
    except mistakes.SHOWN as error:
        return _case(console, visit, request, mistakes.of(error, ("text",)), form.text("text"))
    return done(f"{CASES}/{case_id}")


def show_facts(console: Console, request: Request) -> Response:
    """The form with the facts of a draft."""
    visit = console.visit(request)
    page = _page(console, visit, request)
    return _facts(console, visit, request, page, organization_form.shown(page.case.facts))


def submit_facts(console: Console, request: Request, form: Form) -> Response:
    """Say other facts, if nobody else has in the meantime."""
    visit = console.sent(request, form)
    page = _page(console, visit, request)
    facts, wrong = organization_form.said(form)
    if not wrong.found:
        revision = written.number(form.text("revision"))
        try:
            applying.edit(console.registration, visit.actor, page.case.id, facts, -1 if revision is None else revision)
        except mistakes.SHOWN as error:
            wrong = mistakes.of(error, organization_form.FIELDS)
        else:
            return done(f"{CASES}/{page.case.id}")
    return _facts(console, visit, request, page, organization_form.sent(form), wrong)


def show_person(console: Console, request: Request) -> Response:
    """The form in which somebody is named."""
    return _person(console, console.visit(request), request, dict.fromkeys(person_form.SHOWN_AGAIN, ""))


def submit_person(console: Console, request: Request, form: Form) -> Response:
    """Name somebody in the draft."""
    visit = console.sent(request, form)
    said, wrong = person_form.said(form)
    if said is not None:
        try:
            made = applying.propose(console.registration, visit.actor, request.path_params["case"], said)
        except mistakes.SHOWN as error:
            wrong = mistakes.of(error, person_form.FIELDS, person_form.CALLED)
        else:
            return done(f"{CASES}/{made.case_id}")
    return _person(console, visit, request, person_form.sent(form), wrong)


def _page(console: Console, visit: Visit, request: Request) -> CasePage:
    return case_page.case_page(console.registration, visit.actor, request.path_params["case"], officer=False)


def _case(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, text: str = "") -> Response:
    page = _page(console, visit, request)
    steps = {step for state, step in STEPS if state is page.case.state and Side.APPLICANT in STEPS[state, step][0]}
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/case.html",
        wrong.shown,
        page=page,
        rows=case_words.rows(page.case.facts, page.standing if page.case.kind is CaseKind.MODIFICATION else None),
        steps={one.value for one in steps},
        has_providers=bool(console.providers.configs),
        has_facts=page.case.kind in (CaseKind.APPLICATION, CaseKind.MODIFICATION),
        has_people=page.case.kind in (CaseKind.APPLICATION, CaseKind.PEOPLE),
        words=case_words,
        errors=wrong.found,
        text=text,
        here=request.url.path,
    )


def _ask_withdraw(console: Console, visit: Visit, request: Request) -> Response:
    page = _page(console, visit, request)
    name = page.organization.facts.legal_name
    ends = page.case.kind is CaseKind.APPLICATION
    asked = Asked(
        heading=f"Withdraw the case of {name}?",
        consequence=f"Nobody decides on it any more{', and ' + name + ' is closed' if ends else '; what stands, stands on'}.",
        button="Withdraw it",
        back=f"{CASES}/{page.case.id}",
        keep="Go on with it",
        points=("You can ask again with a new case.",),
        fields=(("step", Step.WITHDRAW.value), CONFIRMED),
    )
    return ask(visit, request, asked)


def _facts(
    console: Console, visit: Visit, request: Request, page: CasePage, values: dict[str, str], wrong: Mistakes = NONE
) -> Response:
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/organization_form.html",
        wrong.shown,
        case=page.case,
        attestation=case_page.category_attestation(),
        errors=wrong.found,
        here=request.url.path,
        **organization_form.values_for(values),
    )


def _person(console: Console, visit: Visit, request: Request, values: dict[str, str], wrong: Mistakes = NONE) -> Response:
    page = _page(console, visit, request)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/person_form.html",
        wrong.shown,
        page=page,
        values=values,
        errors=wrong.found,
        role_choices=person_form.ROLE_CHOICES,
        method_choices=person_form.METHOD_CHOICES,
        documents=range(1, person_form.MOST_DOCUMENTS + 1),
        meanings=case_words.ROLE_MEANINGS,
        here=request.url.path,
    )
