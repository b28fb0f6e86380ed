"""The security of one's own account: second factors and recovery codes. Staff without a factor is led here to add one."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts import enrolment
from directca.accounts.enrolment import Added
from directca.accounts.factor import FactorKind
from directca.accounts.factor_errors import FactorNotAdded, NoSuchFactor, WrongSecondFactor
from directca.accounts.people_errors import TooManyAttempts
from directca.web import qr
from directca.web.context import Web, enrolling, session_of
from directca.web.forms import Form
from directca.web.next_page import SECURITY, app_address, own_path, passkey_address
from directca.web.pages import PLAIN, Shown
from directca.web.sessions import Visitor

_NO_STORE = {"Cache-Control": "no-store"}
_WORDS = {FactorKind.APP: "Authenticator app", FactorKind.PASSKEY: "Passkey"}


def show_security(web: Web, request: Request) -> Response:
    """Which second factors there are, and how to add one."""
    visitor = web.visitor(request)
    session = enrolling(visitor)
    target = own_path(request.query_params.get("next"), SECURITY)
    return web.pages.render_for(
        visitor,
        request,
        "security.html",
        held=enrolment.held(web.factors, session),
        words=_WORDS,
        who=session,
        passkey_page=passkey_address(target) if web.factors.site.has_passkeys else None,
        target=target,
    )


def submit_new_app(web: Web, request: Request, form: Form) -> Response:
    """Begin to add an app: its secret is made, and shown on the next page."""
    visitor = web.sender(request, form)
    enrolment.begin_app(web.factors, enrolling(visitor))
    return RedirectResponse(app_address(own_path(form.text("next"), SECURITY)), 303, _NO_STORE)


def show_app(web: Web, request: Request) -> Response:
    """The secret to give to the app, and the form for its first code."""
    visitor = web.visitor(request)
    return _app_form(web, request, visitor, own_path(request.query_params.get("next"), SECURITY))


def submit_app(web: Web, request: Request, form: Form) -> Response:
    """The app's first code."""
    visitor = web.sender(request, form)
    target = own_path(form.text("next"), SECURITY)
    try:
        added = enrolment.confirm_app(web.factors, enrolling(visitor), form.text("name"), web.shown(request, form))
    except WrongSecondFactor:
        sentence = "This is not the app's code at the moment. Wait for the next one; check that the device's clock is right."
        return _app_form(web, request, visitor, target, (("code", sentence),), Shown(403))
    except TooManyAttempts as later:
        shown = Shown(429, headers=(("Retry-After", str(later.retry_after)),))
        return _app_form(web, request, visitor, target, ((None, later.detail),), shown)
    return _added(web, request, added, target)


def show_passkey(web: Web, request: Request) -> Response:
    """Ask the browser for a new passkey."""
    visitor = web.visitor(request)
    return _passkey_form(web, request, visitor, own_path(request.query_params.get("next"), SECURITY))


def submit_passkey(web: Web, request: Request, form: Form) -> Response:
    """What the device has made."""
    visitor = web.sender(request, form)
    target = own_path(form.text("next"), SECURITY)
    try:
        added = enrolment.add_passkey(web.factors, enrolling(visitor), form.text("name"), web.shown(request, form))
    except FactorNotAdded as error:
        return _passkey_form(web, request, visitor, target, ((None, error.detail),), Shown(400))
    return _added(web, request, added, target)


def submit_codes(web: Web, request: Request, form: Form) -> Response:
    """Make new recovery codes, and show them this once."""
    visitor = web.sender(request, form)
    codes = enrolment.make_codes(web.factors, session_of(visitor))
    return web.pages.render_for(visitor, request, "recovery_codes.html", codes=codes, target=SECURITY, first=False)


def show_remove(web: Web, request: Request) -> Response:
    """Asks before a factor is removed, and says what follows."""
    visitor = web.signed_in(request)
    session = session_of(visitor)
    enrolment.check_fresh(web.factors, session)
    held = enrolment.held(web.factors, session)
    factor = next((one for one in held.factors if one.id == request.path_params["factor"]), None)
    if factor is None:
        raise NoSuchFactor("There is no such second factor, or you have removed it already.")
    return web.pages.render_for(
        visitor, request, "remove_factor.html", factor=factor, words=_WORDS, is_last=len(held.factors) == 1
    )


def submit_remove(web: Web, request: Request, form: Form) -> Response:
    """Remove it."""
    visitor = web.sender(request, form)
    enrolment.remove(web.factors, session_of(visitor), request.path_params["factor"])
    return RedirectResponse(SECURITY, 303, _NO_STORE)


def _added(web: Web, request: Request, added: Added, target: str) -> Response:
    """On to where the person wanted to go, by way of the recovery codes that came with the first factor."""
    if not added.codes:
        response: Response = RedirectResponse(target, 303, _NO_STORE)
    else:
        visitor = Visitor(added.new.secret, added.new.session)
        response = web.pages.render_for(visitor, request, "recovery_codes.html", codes=added.codes, target=target, first=True)
    web.cookies.welcome(response, added.new)
    return response


def _app_form(
    web: Web,
    request: Request,
    visitor: Visitor,
    target: str,
    errors: tuple[tuple[str | None, str], ...] = (),
    shown: Shown = PLAIN,
) -> Response:
    pending = enrolment.pending_app(web.factors, enrolling(visitor))
    return web.pages.render_for(
        visitor,
        request,
        "add_app.html",
        shown,
        picture=qr.path_of(pending.address),
        pending=pending,
        target=target,
        errors=errors,
        here=app_address(target),
    )


def _passkey_form(
    web: Web,
    request: Request,
    visitor: Visitor,
    target: str,
    errors: tuple[tuple[str | None, str], ...] = (),
    shown: Shown = PLAIN,
) -> Response:
    options = enrolment.begin_passkey(web.factors, enrolling(visitor))
    return web.pages.render_for(
        visitor, request, "add_passkey.html", shown, options=options, target=target, errors=errors, here=passkey_address(target)
    )
