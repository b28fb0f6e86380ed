"""The second factor, by form: after the password, and once more before what asks for it anew."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts import enrolment, second_factor
from directca.accounts.factor_errors import WrongSecondFactor
from directca.accounts.people_errors import TooManyAttempts
from directca.accounts.person import Session, Stage
from directca.accounts.role_errors import StepUpFirst
from directca.web.context import SignInFirst, Web
from directca.web.forms import Form
from directca.web.next_page import own_path, second_factor_address, security_address, sign_in_again_address
from directca.web.pages import PLAIN, Shown
from directca.web.sessions import Visitor

_NO_STORE = {"Cache-Control": "no-store"}


def show_second_factor(web: Web, request: Request) -> Response:
    """Ask for a code or a passkey; whoever has none is led to where the password is asked, or a factor is added."""
    visitor = web.visitor(request)
    target = own_path(request.query_params.get("next"))
    session = _begun(visitor)
    if not session.has_factor:
        # Nothing to show: the first factor is added on the strength of a password that was shown just now.
        return RedirectResponse(_without_factor(web, session, target), 303, _NO_STORE)
    return _form(web, request, visitor, target)


def submit_second_factor(web: Web, request: Request, form: Form) -> Response:
    """Try what was shown: the page that was wanted, in a session with another secret, or the form again."""
    visitor = web.sender(request, form)
    target = own_path(form.text("next"))
    session = _begun(visitor)
    if not form.text("code").strip() and not form.text("passkey"):
        return _form(web, request, visitor, target, (("code", "Enter a code."),), Shown(400))
    try:
        new = second_factor.show(web.factors, session, web.shown(request, form))
    except WrongSecondFactor as wrong:
        return _form(web, request, visitor, target, (("code", wrong.detail),), Shown(403))
    except TooManyAttempts as later:
        shown = Shown(429, headers=(("Retry-After", str(later.retry_after)),))
        return _form(web, request, visitor, target, ((None, later.detail),), shown)
    response = RedirectResponse(target, 303, _NO_STORE)
    web.cookies.welcome(response, new)
    return response


def _begun(visitor: Visitor) -> Session:
    session = visitor.session or visitor.unfinished
    if session is None:
        raise SignInFirst("Sign in first.")
    return session


def _without_factor(web: Web, session: Session, target: str) -> str:
    try:
        enrolment.check_fresh(web.factors, session)
    except StepUpFirst:
        return sign_in_again_address(target)
    return security_address(target) if session.stage is Stage.ENROL else target


def _form(
    web: Web,
    request: Request,
    visitor: Visitor,
    target: str,
    errors: tuple[tuple[str | None, str], ...] = (),
    shown: Shown = PLAIN,
) -> Response:
    return web.pages.render_for(
        visitor,
        request,
        "second_factor.html",
        shown,
        target=target,
        here=second_factor_address(target),
        errors=errors,
        passkey=second_factor.ask_for_passkey(web.factors, _begun(visitor)),
    )
