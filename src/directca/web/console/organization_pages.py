"""An account's organizations: apply for one, see how each stands and what is missing, ask for changes."""

from starlette.requests import Request
from starlette.responses import Response

from directca.vetting import agreement, applying, case_page
from directca.vetting.case_model import CaseFacts, CaseKind, PersonState
from directca.vetting.case_page import OrganizationPage
from directca.vetting.model import OrganizationStatus
from directca.web.console import case_words, mistakes, organization_form
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

ORGANIZATIONS = f"{CONSOLE}/organizations"
CASES = f"{ORGANIZATIONS}/cases"
ASKED = tuple(kind for kind in CaseKind if kind is not CaseKind.APPLICATION)


def show_organizations(console: Console, request: Request) -> Response:
    """Every organization of the account, and its newest cases."""
    visit = console.visit(request)
    desk, actor = console.registration, visit.actor
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/organizations.html",
        organizations=case_page.organizations_of(desk, actor),
        cases=case_page.of_account(desk, actor),
        words=case_words,
    )


def show_new(console: Console, request: Request) -> Response:
    """The form with which an organization is applied for."""
    return _form(console, console.visit(request), request, organization_form.shown(CaseFacts()))


def submit_new(console: Console, request: Request, form: Form) -> Response:
    """Open the case, as a draft."""
    visit = console.sent(request, form)
    facts, wrong = organization_form.said(form)
    if not wrong.found:
        try:
            made = applying.apply(console.registration, visit.actor, CaseFacts(**facts))
        except mistakes.SHOWN as error:
            wrong = mistakes.of(error, organization_form.FIELDS)
        else:
            return done(f"{CASES}/{made.id}")
    return _form(console, visit, request, organization_form.sent(form), wrong)


def show_organization(console: Console, request: Request) -> Response:
    """One organization: its facts, its people, what is missing, what can be asked for."""
    return _organization(console, console.visit(request), request)


def submit_organization(console: Console, request: Request, form: Form) -> Response:
    """Open a case about it: other facts, further people, or a review."""
    visit = console.sent(request, form)
    kind = form.text("kind")
    if kind not in ASKED:
        return _organization(console, visit, request, mistakes.beside((None, "Choose what to ask for.")))
    try:
        made = applying.reopen(console.registration, visit.actor, CaseKind(kind), request.path_params["organization"])
    except mistakes.SHOWN as error:
        return _organization(console, visit, request, mistakes.of(error))
    return done(f"{CASES}/{made.id}")


def show_agreement(console: Console, request: Request) -> Response:
    """The subscriber agreement, to be read and accepted."""
    return _agreement(console, console.visit(request), request)


def submit_agreement(console: Console, request: Request, form: Form) -> Response:
    """It is accepted, in the version that was shown."""
    visit = console.sent(request, form)
    organization = request.path_params["organization"]
    if not form.text("accepted"):
        return _agreement(console, visit, request, mistakes.beside(("accepted", "Tick this to accept the agreement.")))
    try:
        agreement.accept(console.registration, visit.actor, organization, form.text("version"))
    except mistakes.SHOWN as error:
        return _agreement(console, visit, request, mistakes.of(error))
    return done(f"{ORGANIZATIONS}/{organization}")


def show_retire(console: Console, request: Request) -> Response:
    """Asks before somebody counts no longer, and says what follows."""
    return _retire(console, console.visit(request), request)


def submit_retire(console: Console, request: Request, form: Form) -> Response:
    """Somebody counts no longer."""
    visit = console.sent(request, form)
    try:
        person = applying.retire(console.registration, visit.actor, request.path_params["person"], form.text("text"))
    except mistakes.SHOWN as error:
        return _retire(console, visit, request, mistakes.of(error, ("text",)), form.text("text"))
    return done(f"{ORGANIZATIONS}/{person.organization_id}")


def _form(console: Console, visit: Visit, request: Request, values: dict[str, str], wrong: Mistakes = NONE) -> Response:
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/organization_form.html",
        wrong.shown,
        case=None,
        attestation=case_page.category_attestation(),
        errors=wrong.found,
        here=request.url.path,
        **organization_form.values_for(values),
    )


def _organization(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE) -> Response:
    page = case_page.organization_page(console.registration, visit.actor, request.path_params["organization"], officer=False)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/organization.html",
        wrong.shown,
        page=page,
        rows=case_words.rows(page.facts),
        asked=_can_be_asked(page),
        agreement_missing=any(one.kind == "agreement" and one.missing for one in page.preconditions),
        may_retire={one.id for one in page.people if one.state is PersonState.ACTIVE},
        words=case_words,
        errors=wrong.found,
        here=request.url.path,
    )


def _agreement(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE) -> Response:
    page = agreement.agreement_page(console.registration, visit.actor, request.path_params["organization"])
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/agreement.html",
        wrong.shown,
        version=page.version,
        text=page.text,
        accepted=page.accepted,
        legal_name=page.organization.facts.legal_name,
        errors=wrong.found,
        back=f"{ORGANIZATIONS}/{page.organization.id}",
        here=request.url.path,
    )


def _can_be_asked(page: OrganizationPage) -> tuple[CaseKind, ...]:
    stands = page.organization.status in (OrganizationStatus.APPROVED, OrganizationStatus.SUSPENDED)
    return ASKED if stands and page.open_case is None else ()


def _retire(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, text: str = "") -> Response:
    person = case_page.person(console.registration, visit.actor, request.path_params["person"], officer=False)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/retire_person.html",
        wrong.shown,
        person=person,
        words=case_words,
        errors=wrong.found,
        text=text,
        back=f"{ORGANIZATIONS}/{person.organization_id}",
        here=request.url.path,
    )
