"""A person's identity by the word of an external identity provider: begun here, finished where the provider leads back to."""

from starlette.requests import Request
from starlette.responses import Response

from directca.vetting import case_page, external_identity
from directca.vetting.declarations import CURRENT, TEXTS
from directca.vetting.external_identity import Answer, Begun
from directca.vetting.provider_context import CALLBACK
from directca.vetting.provider_errors import ProviderUnavailable
from directca.web.console import mistakes
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.organization_pages import CASES, ORGANIZATIONS
from directca.web.forms import Form

BEGIN = f"{ORGANIZATIONS}/people/{{person}}/identity"
BACK = f"{CALLBACK}/{{provider}}"
_SHOWN = (*mistakes.SHOWN, ProviderUnavailable)


def show_identity(console: Console, request: Request) -> Response:
    """The providers, and the declaration that the person makes."""
    return _page(console, console.visit(request), request)


def submit_identity(console: Console, request: Request, form: Form) -> Response:
    """Begin; the person goes on by a link, which says where it leads."""
    visit = console.sent(request, form)
    declared = CURRENT if form.text("declared") else None
    person = request.path_params["person"]
    try:
        begun = external_identity.begin(console.providers, visit.actor, visit.session.id, person, form.text("provider"), declared)
    except _SHOWN as error:
        return _page(console, visit, request, mistakes.of(error, ("provider", "declared")))
    return _page(console, visit, request, begun=begun)


def show_back(console: Console, request: Request) -> Response:
    """What the provider led back with; then the case, with what it asserts."""
    visit = console.visit(request)
    given = request.query_params
    answer = Answer(given.get("state", ""), given.get("code", ""), given.get("iss"), given.get("error", ""))
    try:
        person = external_identity.finish(
            console.providers, visit.actor, visit.session.id, request.path_params["provider"], answer
        )
    except _SHOWN as error:
        wrong = mistakes.of(error)
        return console.web.pages.render_for(
            visit.visitor, request, "console/identity_back.html", wrong.shown, errors=wrong.found, here=ORGANIZATIONS
        )
    return done(f"{CASES}/{person.case_id}")


def _page(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, begun: Begun | None = None) -> Response:
    person = case_page.person(console.registration, visit.actor, request.path_params["person"], officer=False)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/identity.html",
        wrong.shown,
        person=person,
        choices=[(one.name, one.title) for one in console.providers.configs],
        begun=begun,
        version=CURRENT,
        declaration=TEXTS[CURRENT].representative,
        errors=wrong.found,
        back=f"{CASES}/{person.case_id}",
        here=request.url.path,
    )
