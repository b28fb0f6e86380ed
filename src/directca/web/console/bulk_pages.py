"""Many revocations at once, for officers: choose, see what would become of it, order, watch, pause; and reports of keys."""

import json
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import permissions
from directca.revocation import bulk, bulk_control, ordering
from directca.revocation.bulk_model import Job, Plan
from directca.revocation.context import Revocation
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Proposal
from directca.web.console import history, mistakes, revocation_words, selection_form
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.proposal_pages import PROPOSALS
from directca.web.forms import Form
from directca.web.next_page import CONSOLE, second_factor_address

REVOCATIONS = f"{CONSOLE}/revocations"
REPORTS = f"{CONSOLE}/reports"
_STEER: Mapping[str, Callable[[Revocation, Registration, Actor, str, str], Job]] = {
    "pause": bulk_control.pause,
    "resume": bulk_control.resume,
    "cancel": bulk_control.cancel,
}
_SELECTION = {"selection": "like", "commonNameLike": "like", "serials": "serials"}


def show_revocations(console: Console, request: Request) -> Response:
    """The last orders."""
    visit = console.visit(request)
    jobs = bulk_control.jobs(console.revocation, visit.actor)
    name = history.namer(visit)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/revocations.html",
        jobs=[(one, name(one.actor)) for one in jobs],
        may_order=_may(visit),
        reasons=history.REASONS,
    )


def show_new(console: Console, request: Request) -> Response:
    """The form, and below it, once it says something, what would become of it."""
    visit = console.visit(request)
    values = selection_form.entered(request.query_params)
    bulk_control.jobs(console.revocation, visit.actor)
    if not any(values.values()):
        return _new(console, visit, request, values)
    plan, wrong = _plan(console, visit, values)
    return _new(console, visit, request, values, plan, wrong)


def submit_new(console: Console, request: Request, form: Form) -> Response:
    """Order what was planned. If it means other pairs by now, nothing is ordered, and what it means now is shown."""
    visit = console.sent(request, form)
    values = selection_form.entered(form.fields)
    plan, wrong = _plan(console, visit, values)
    wanted, _ = selection_form.wanted(values)
    if plan is None or wanted is None:
        return _new(console, visit, request, values, wrong=wrong)
    if form.text("seen") != _seen(plan):
        changed = (None, "It means other pairs by now. Look at what would become of it, and order again.")
        return _new(console, visit, request, values, plan, mistakes.beside(changed))
    try:
        made = ordering.revoke_many(console.revocation, console.registration, visit.actor, visit.requester, wanted)
    except mistakes.SHOWN as error:
        return _new(console, visit, request, values, wrong=mistakes.of(error, selection_form.FIELDS, _SELECTION))
    if isinstance(made, Proposal):
        return done(f"{PROPOSALS}/{made.id}")
    console.begin_revocations(made.id)
    return done(f"{REVOCATIONS}/{made.id}")


def show_job(console: Console, request: Request) -> Response:
    """How far an order has come."""
    return _job(console, console.visit(request), request)


def submit_job(console: Console, request: Request, form: Form) -> Response:
    """Pause it, resume it, or cancel what is left."""
    visit = console.sent(request, form)
    job_id, step, text = request.path_params["job"], form.text("step"), form.text("text")
    if step not in _STEER:
        return _job(console, visit, request, mistakes.beside((None, "Choose what to do with it.")))
    try:
        _STEER[step](console.revocation, console.registration, visit.actor, job_id, text)
    except mistakes.SHOWN as error:
        return _job(console, visit, request, mistakes.of(error, ("text",)), text)
    if step == "resume":
        console.begin_revocations(job_id)
    return done(f"{REVOCATIONS}/{job_id}")


def show_reports(console: Console, request: Request) -> Response:
    """Keys that were reported as compromised, with what came of it."""
    visit = console.visit(request)
    found = bulk_control.reports(console.revocation, visit.actor)
    return console.web.pages.render_for(visit.visitor, request, "console/reports.html", reports=found)


def _plan(console: Console, visit: Visit, values: Mapping[str, str]) -> tuple[Plan | None, Mistakes]:
    wanted, wrong = selection_form.wanted(values)
    if wanted is None:
        return None, wrong
    try:
        return bulk.plan(console.revocation, visit.requester, wanted), NONE
    except mistakes.SHOWN as error:
        return None, mistakes.of(error, selection_form.FIELDS, _SELECTION)


def _seen(plan: Plan) -> str:
    """What stands for a plan in the form: how many pairs, and what would become of them."""
    return json.dumps([plan.total, plan.statuses, plan.outcomes, [one.id for one in plan.sample]], sort_keys=True)


def _new(
    console: Console,
    visit: Visit,
    request: Request,
    values: Mapping[str, str],
    plan: Plan | None = None,
    wrong: Mistakes = NONE,
) -> Response:
    config = console.registration.config
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/revoke_many.html",
        wrong.shown,
        values=values,
        fields=(*values.items(), ("seen", "" if plan is None else _seen(plan))),
        reasons=(("", "Choose one"), *selection_form.REASONS),
        plan=plan,
        outcomes=() if plan is None else revocation_words.outcomes(plan.outcomes),
        second=max(config.deciders_bulk, config.deciders_compromise if values["reason"] == "cACompromise" else 1) - 1,
        step_up="" if visit.has_stepped_up else second_factor_address(_here(request)),
        errors=wrong.found,
        here=request.url.path,
    )


def _here(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _job(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, text: str = "") -> Response:
    known = bulk_control.job(console.revocation, visit.actor, request.path_params["job"])
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/revocation.html",
        wrong.shown,
        job=known,
        reasons=history.REASONS,
        by=history.named(visit, known.actor),
        selection=revocation_words.selected(visit, known.selection),
        outcomes=revocation_words.outcomes(known.outcomes),
        may_steer=_may(visit) and known.finished_at is None,
        step_up="" if visit.has_stepped_up else second_factor_address(request.url.path),
        errors=wrong.found,
        text=text,
        here=request.url.path,
    )


def _may(visit: Visit) -> bool:
    return not permissions.REVOKE_MANY.other.isdisjoint(visit.session.person.roles)
