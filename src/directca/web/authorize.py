"""The authorization endpoint for people: the consent page, the decision, and the page that says why nobody is redirected.

The order is RFC 9700's: first the application and its redirect URI are trusted or the person sees a page; then the person signs
in, before any redirect leaves this server (4.11.2); then mistakes go back to the application, or the person decides. The
request travels in the form itself and is judged again when the decision comes: nothing is kept of requests that nobody decides.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts.person import Session
from directca.accounts.role_errors import StepUpFirst
from directca.oauth import redirects, scopes
from directca.oauth.authorize import PARAMETERS, AuthorizationRequest, SendBack, check_stepped_up, consider, decide, refused_to
from directca.oauth.errors import CannotRedirect, InvalidRequest
from directca.oauth.freshness import ASKED_AT
from directca.oauth.metadata import AUTHORIZE
from directca.oauth.model import SECOND_FACTOR, Authentication
from directca.oauth.protocol import Parameters, parse_query
from directca.web.account_pages import allowed
from directca.web.context import Web
from directca.web.forms import Form, FormNotRead, read_form
from directca.web.next_page import own_path, second_factor_address, sign_in_address, sign_in_again_address
from directca.web.pages import Shown
from directca.web.sessions import Visitor

_DECISIONS = {"grant": True, "refuse": False}


def router(web: Web) -> APIRouter:
    """GET and POST /oauth/authorize."""
    made = APIRouter()
    for path in (AUTHORIZE, AUTHORIZE + "/"):
        made.add_route(path, _endpoint(web), methods=["GET", "POST"], include_in_schema=False)
    return made


def _endpoint(web: Web) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if request.method == "POST":
            form = await read_form(request)
            return await web.made(request, partial(submit_authorize, web, request, form))
        return await web.made(request, partial(show_authorize, web, request))

    return answer


def show_authorize(web: Web, request: Request) -> Response:
    """The consent page; the sign-in page first, if need be."""
    visitor = web.visitor(request)
    try:
        parameters = parse_query(request.url.query)
        outcome = consider(web.oauth, parameters)
    except (CannotRedirect, InvalidRequest) as error:
        return _cannot_redirect(web, request, visitor, error.detail)
    return _answer(web, request, visitor, parameters, outcome)


def submit_authorize(web: Web, request: Request, form: Form) -> Response:
    """Carry out the decision, after judging once more the request that it is about."""
    visitor = web.sender(request, form)
    granted = _DECISIONS.get(form.text("decision"))
    if granted is None:
        raise FormNotRead("Choose one of the two: grant or refuse.")
    parameters = Parameters(tuple((name, form.fields[name]) for name in PARAMETERS if name in form.fields))
    try:
        outcome = consider(web.oauth, parameters)
    except CannotRedirect as error:
        return _cannot_redirect(web, request, visitor, error.detail)
    if visitor.session is None or isinstance(outcome, SendBack):
        return _answer(web, request, visitor, parameters, outcome)
    session = visitor.session
    try:
        return _leave(decide(web.oauth, outcome, session.person, granted=granted, said=_said(session)))
    except StepUpFirst:
        return _step_up(web, session, parameters)


def _answer(
    web: Web, request: Request, visitor: Visitor, parameters: Parameters, outcome: AuthorizationRequest | SendBack
) -> Response:
    if visitor.session is None:
        return RedirectResponse(sign_in_address(own_path(_here(parameters))), 303, {"Cache-Control": "no-store"})
    if isinstance(outcome, SendBack):
        return _leave(outcome)
    session = visitor.session
    not_theirs = refused_to(web.oauth, outcome, session.person, has_factor=session.has_factor)
    if not_theirs is not None:
        return _leave(not_theirs)
    try:
        # Asked before the page, too: nobody reads it and decides, only to be asked afterwards.
        check_stepped_up(web.oauth, outcome, _said(session))
    except StepUpFirst:
        return _step_up(web, session, parameters)
    return _consent(web, request, visitor, outcome)


def _said(session: Session) -> Authentication:
    """When the person was last authenticated in this browser, and how."""
    if session.second_factor_at is not None:
        return Authentication(session.second_factor_at, SECOND_FACTOR)
    return Authentication(session.began_at)


def _step_up(web: Web, session: Session, parameters: Parameters) -> Response:
    """To the second factor, or to the password for somebody who has none, and back; what is shown from now on is fresh."""
    asked_at = str(int(web.oauth.clock.now().timestamp()))
    kept = tuple(pair for pair in parameters.pairs if pair[0] != ASKED_AT)
    here = own_path(_here(Parameters((*kept, (ASKED_AT, asked_at)))))
    address = second_factor_address(here) if session.has_factor else sign_in_again_address(here)
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _here(parameters: Parameters) -> str:
    """The same request as an address of ours, written anew: what arrived may hold characters that no address should."""
    return f"{AUTHORIZE}?{urlencode([pair for pair in parameters.pairs if pair[0] in PARAMETERS])}"


def _consent(web: Web, request: Request, visitor: Visitor, asked: AuthorizationRequest) -> Response:
    assert visitor.session is not None  # the caller has just looked
    return web.pages.render_for(
        visitor,
        request,
        "consent.html",
        # Chromium holds `form-action` against the redirect that answers the form, too.
        Shown(form_action=(redirects.policy_source(asked.redirect_uri),)),
        client=asked.client,
        destination=redirects.destination(asked.redirect_uri),
        allowed=allowed(asked.scopes, visitor.session.account_name),
        not_allowed=[scopes.REFUSALS[scope] for scope in scopes.not_allowed(asked.scopes)],
        parameters=asked.parameters.pairs,
    )


def _cannot_redirect(web: Web, request: Request, visitor: Visitor, detail: str) -> Response:
    return web.pages.render_for(visitor, request, "authorize_error.html", Shown(400), detail=detail)


def _leave(answer: SendBack) -> Response:
    """303, so that no browser repeats the form to the application (RFC 9700 4.12). The location is sent byte for byte."""
    headers = {"Location": answer.location, "Cache-Control": "no-store", "Pragma": "no-cache", "Referrer-Policy": "no-referrer"}
    return Response(status_code=303, headers=headers)
