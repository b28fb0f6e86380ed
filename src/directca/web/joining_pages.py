"""How people come to have access: the link of an invitation, and open sign-up. What waits for passwords and for the mail server
has threads of its own, a few."""

from anyio import CapacityLimiter
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts import invitations, sign_up
from directca.accounts.errors import BadAccountName
from directca.accounts.invitations import Accepted
from directca.accounts.joining import Joining
from directca.accounts.people_errors import BadEmail, TooManyAtOnce, TooManyAttempts, WeakPassword, WrongSignUpCode
from directca.accounts.person import Person
from directca.accounts.sign_up import Opened
from directca.errors import DirectCAError
from directca.mail.errors import LetterNotSent
from directca.web.context import Web
from directca.web.endpoints import endpoint, methods
from directca.web.error_pages import failure_of
from directca.web.forms import Form
from directca.web.next_page import CONSOLE, INVITATION, SIGN_UP, SIGN_UP_CODE, sign_in_address
from directca.web.pages import PLAIN, Shown
from directca.web.sessions import Visitor

_LETTERS = 4
_AGAIN = (WeakPassword, BadAccountName, BadEmail, WrongSignUpCode, TooManyAtOnce, TooManyAttempts, LetterNotSent)
"""What somebody can correct, or try again, in the form."""

Errors = tuple[tuple[str | None, str], ...]


def router(web: Web, joining: Joining) -> APIRouter:
    """The routes."""
    made = APIRouter(include_in_schema=False)
    pages = JoiningPages(web, joining)
    passwords, letters = CapacityLimiter(web.people.passwords.places + 1), CapacityLimiter(_LETTERS)
    for path, show, submit, threads in (
        (INVITATION, pages.show_invitation, pages.submit_invitation, passwords),
        (SIGN_UP, pages.show_sign_up, pages.submit_sign_up, letters),
        (SIGN_UP_CODE, pages.show_code, pages.submit_code, passwords),
    ):
        answer = endpoint(web.made, show, submit, threads)
        made.add_route(path, answer, methods=methods(show, submit), include_in_schema=False)
    return made


class JoiningPages:
    """The handlers."""

    def __init__(self, web: Web, joining: Joining) -> None:
        self._web = web
        self._joining = joining

    def show_invitation(self, request: Request) -> Response:
        """Who invites, and the form. Whoever looks uses nothing up: mail programs look at links too."""
        return self._invitation(request, self._web.visitor(request), request.query_params.get("token", ""))

    def submit_invitation(self, request: Request, form: Form) -> Response:
        """Choose a name and a password, once."""
        visitor = self._web.sender(request, form)
        token, name = form.text("token"), form.text("display_name")
        if missing := _missing(form, display_name="Enter your name.", password="Choose a password."):  # noqa: S106  (a sentence)
            return self._invitation(request, visitor, token, name, missing, Shown(400))
        try:
            person = invitations.accept(self._joining, token, Accepted(name, form.text("password")))
        except _AGAIN as error:
            return self._invitation(request, visitor, token, name, *_told(error, ("display_name", "password")))
        return self._joined(request, visitor, person)

    def show_sign_up(self, request: Request) -> Response:
        """The form for an address, where anybody may open an account. Raises SignUpClosed."""
        sign_up.check_open(self._joining)
        return self._web.pages.render_for(self._web.visitor(request), request, "sign_up.html", email="", errors=())

    def submit_sign_up(self, request: Request, form: Form) -> Response:
        """Mail a code. The answer is the same whosever the address is."""
        visitor = self._web.sender(request, form)
        email = form.text("email")
        try:
            secret = sign_up.begin(self._joining, email, address=request.client.host if request.client else "")
        except _AGAIN as error:
            errors, shown = _told(error, ("email",))
            return self._web.pages.render_for(visitor, request, "sign_up.html", shown, email=email, errors=errors, here=SIGN_UP)
        return self._code(request, visitor, {"sign_up": secret})

    def show_code(self, request: Request) -> Response:
        """It goes on from the page before alone."""
        sign_up.check_open(self._joining)
        return RedirectResponse(SIGN_UP, 303, {"Cache-Control": "no-store"})

    def submit_code(self, request: Request, form: Form) -> Response:
        """The code and what the account is to be called."""
        visitor = self._web.sender(request, form)
        values = {name: form.text(name) for name in ("sign_up", "account_name", "display_name")}
        opened = Opened(form.text("code"), values["account_name"], values["display_name"], form.text("password"))
        try:
            person = sign_up.finish(self._joining, values["sign_up"], opened)
        except _AGAIN as error:
            errors, shown = _told(error, ("code", "account_name", "password"), {"name": "account_name"})
            return self._code(request, visitor, values, errors, shown)
        return self._joined(request, visitor, person)

    def _invitation(
        self, request: Request, visitor: Visitor, token: str, name: str = "", errors: Errors = (), shown: Shown = PLAIN
    ) -> Response:
        invitation, account = invitations.presented(self._joining, token)
        return self._web.pages.render_for(
            visitor,
            request,
            "invitation.html",
            shown,
            invitation=invitation,
            account=account,
            token=token,
            display_name=name,
            errors=errors,
            here="/",  # the colours' form must not carry the link on
        )

    def _code(
        self, request: Request, visitor: Visitor, values: dict[str, str], errors: Errors = (), shown: Shown = PLAIN
    ) -> Response:
        asked = {"account_name": "", "display_name": "", **values}
        minutes = self._joining.config.code_minutes
        return self._web.pages.render_for(
            visitor, request, "sign_up_code.html", shown, values=asked, minutes=minutes, errors=errors, here=SIGN_UP
        )

    def _joined(self, request: Request, visitor: Visitor, person: Person) -> Response:
        return self._web.pages.render_for(
            visitor, request, "joined.html", username=person.username, sign_in=sign_in_address(CONSOLE), here="/"
        )


def _missing(form: Form, **sentences: str) -> Errors:
    return tuple((name, sentence) for name, sentence in sentences.items() if not form.text(name).strip())


def _told(error: DirectCAError, fields: tuple[str, ...], called: dict[str, str] | None = None) -> tuple[Errors, Shown]:
    failure = failure_of(error)
    named = (called or {}).get(error.field or "", error.field)
    return ((named if named in fields else None, failure.detail),), Shown(failure.status, headers=failure.headers)
