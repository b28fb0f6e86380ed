"""What belongs to the person who is signed in: the applications they allowed, the browsers they are signed in in."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts import sessions
from directca.errors import NotFound
from directca.oauth import connected, scopes
from directca.web.context import Web, session_of
from directca.web.forms import Form
from directca.web.sessions import Visitor

_APPLICATIONS = "/account/applications"
_SESSIONS = "/account/sessions"
_WITHDRAWN = "withdrawn"
_NO_STORE = {"Cache-Control": "no-store"}


def show_applications(web: Web, request: Request) -> Response:
    """Which applications may use the account in this person's name."""
    visitor = web.signed_in(request)
    session = session_of(visitor)
    found = connected.connections(web.oauth, session.person)
    withdrawn = web.cookies.announced(request, visitor, _WITHDRAWN)
    response = web.pages.render_for(
        visitor,
        request,
        "applications.html",
        connections=[(connection, allowed(connection.scopes, session.account_name)) for connection in found],
        withdrawn=withdrawn,
    )
    if withdrawn:
        web.cookies.shown(response)
    return response


def show_withdraw(web: Web, request: Request) -> Response:
    """Asks before access is withdrawn, and says what follows."""
    visitor = web.signed_in(request)
    connection = _connection(web, visitor, request)
    return web.pages.render_for(visitor, request, "withdraw.html", connection=connection)


def submit_withdraw(web: Web, request: Request, form: Form) -> Response:
    """Withdraw: every token of the application for this person stops working at once."""
    visitor = web.sender(request, form)
    connection = _connection(web, visitor, request)
    connected.withdraw(web.oauth, session_of(visitor).person, connection.client_id)
    response = RedirectResponse(_APPLICATIONS, 303, _NO_STORE)
    web.cookies.announce(response, visitor, _WITHDRAWN)
    return response


def show_sessions(web: Web, request: Request) -> Response:
    """In which browsers this person is signed in."""
    visitor = web.signed_in(request)
    session = session_of(visitor)
    rows = sessions.of_person(web.people, session.person)
    return web.pages.render_for(visitor, request, "sessions.html", sessions=rows, current=session.id)


def submit_sessions(web: Web, request: Request, form: Form) -> Response:
    """End one of them."""
    visitor = web.sender(request, form)
    person = session_of(visitor).person
    sessions.end_by_id(web.people, person, form.text("session"), actor=person.actor)
    return RedirectResponse(_SESSIONS, 303, _NO_STORE)


def allowed(granted: tuple[str, ...], account_name: str) -> list[str]:
    """What the scopes permit, in sentences. The one that covers all of the account stands for all of it."""
    beyond = tuple(scope for scope in granted if scope not in scopes.OF_ACCOUNT)
    shown = (scopes.TUSER_ACCOUNT, *beyond) if scopes.TUSER_ACCOUNT in granted else granted
    return [scopes.SENTENCES[scope].format(account=account_name) for scope in scopes.SCOPES if scope in shown]


def _connection(web: Web, visitor: Visitor, request: Request) -> connected.Connection:
    client_id = request.path_params["client_id"]
    for connection in connected.connections(web.oauth, session_of(visitor).person):
        if connection.client_id == client_id:
            return connection
    raise NotFound("This application has no access to your account, or you have withdrawn it already.")
