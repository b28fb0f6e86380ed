"""Signing in and out, by form."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts import sessions
from directca.accounts.passwords import ADVICE, WRONG
from directca.accounts.people_errors import TooManyAtOnce, TooManyAttempts, WrongCredentials
from directca.accounts.person import Session, Stage
from directca.accounts.sign_in import Attempt, sign_in
from directca.web.context import Web
from directca.web.forms import Form
from directca.web.next_page import own_path, second_factor_address, security_address, sign_in_address
from directca.web.pages import PLAIN, Shown
from directca.web.sessions import Visitor

_NO_STORE = {"Cache-Control": "no-store"}
_AUTHORIZE = "/oauth/authorize"


@dataclass(frozen=True)
class Entered:
    """What the form shows again, and what was wrong with it: (field, sentence)."""

    target: str
    username: str = ""
    errors: tuple[tuple[str | None, str], ...] = ()
    advice: str = ""


def show_sign_in(web: Web, request: Request) -> Response:
    """The form; whoever is signed in already goes on at once."""
    visitor = web.visitor(request)
    target = own_path(request.query_params.get("next"))
    begun = visitor.session or visitor.unfinished
    if begun is not None and "again" not in request.query_params:
        return RedirectResponse(_onwards(begun, target), 303, _NO_STORE)
    return _form(web, request, visitor, Entered(target))


def submit_sign_in(web: Web, request: Request, form: Form) -> Response:
    """Try what was entered: a new session and the page that was wanted, or the form again with what to do."""
    visitor = web.sender(request, form)
    target = own_path(form.text("next"))
    username, password = form.text("username").strip(), form.text("password")
    if missing := _missing(username, password):
        return _form(web, request, visitor, Entered(target, username, missing), Shown(400))
    attempt = Attempt(
        username=username,
        password=password,
        address=request.client.host if request.client else "",
        agent=request.headers.get("user-agent", ""),
        browser_secret=web.cookies.browser_secret(request),
    )
    try:
        new = sign_in(web.people, attempt)
    except WrongCredentials:
        return _form(web, request, visitor, Entered(target, username, (("username", WRONG),), ADVICE), Shown(403))
    except (TooManyAttempts, TooManyAtOnce) as later:
        status = 429 if isinstance(later, TooManyAttempts) else 503
        shown = Shown(status, headers=(("Retry-After", str(later.retry_after)),))
        return _form(web, request, visitor, Entered(target, username, ((None, later.detail),)), shown)
    if visitor.session is not None or visitor.unfinished is not None:
        sessions.end(web.people, visitor.secret)
    response = RedirectResponse(_onwards(new.session, target), 303, _NO_STORE)
    web.cookies.welcome(response, new)
    return response


def show_sign_out(web: Web, request: Request) -> Response:
    """Asks whoever is signed in; tells everybody else that nobody is."""
    visitor = web.visitor(request)
    return web.pages.render_for(visitor, request, "sign_out.html")


def submit_sign_out(web: Web, request: Request, form: Form) -> Response:
    """End the session, here and on the server."""
    visitor = web.sender(request, form)
    sessions.end(web.people, visitor.secret)
    response = RedirectResponse("/sign-out", 303, _NO_STORE)
    web.cookies.forget(response)
    return response


def _onwards(session: Session, target: str) -> str:
    """Where somebody goes whose password was right."""
    if session.stage is Stage.COMPLETE:
        return target
    return second_factor_address(target) if session.stage is Stage.CHALLENGE else security_address(target)


def _missing(username: str, password: str) -> tuple[tuple[str | None, str], ...]:
    fields = (("username", "Enter your user name.", username), ("password", "Enter your password.", password))
    return tuple((name, sentence) for name, sentence, value in fields if not value)


def _form(web: Web, request: Request, visitor: Visitor, entered: Entered, shown: Shown = PLAIN) -> Response:
    return web.pages.render_for(
        visitor,
        request,
        "sign_in.html",
        shown,
        target=entered.target,
        sign_up_open=web.sign_up_open,
        here=sign_in_address(entered.target),  # a refused form has no address of its own: the colours' form leads back to this
        for_application=entered.target.startswith(_AUTHORIZE),
        username=entered.username,
        errors=entered.errors,
        advice=entered.advice,
    )
