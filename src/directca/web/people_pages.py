"""Who works for the authority, and as what: for administrators, who grant and withdraw, and for auditors, who look."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts import permissions, roles
from directca.accounts.people_errors import NoSuchPerson
from directca.accounts.person import GRANTED, SEPARATE, Person, Role
from directca.accounts.policy import ROLE_WORDS
from directca.accounts.role_errors import RoleNotGranted
from directca.web.context import Web, session_of
from directca.web.forms import Form
from directca.web.next_page import PEOPLE
from directca.web.pages import PLAIN, Shown

_NO_STORE = {"Cache-Control": "no-store"}


def show_people(web: Web, request: Request) -> Response:
    """Everybody with a role; one person's roles, when a user name is given."""
    visitor = web.signed_in(request)
    session = session_of(visitor)
    username = request.query_params.get("username", "").strip()
    staff = roles.staff(web.people, by=session)
    person: Person | None = None
    errors: tuple[tuple[str, str], ...] = ()
    shown = PLAIN
    if username:
        try:
            person = roles.person_named(web.people, username, by=session)
        except NoSuchPerson:
            errors, shown = (("username", "Nobody has this user name. Look at how it is written."),), Shown(404)
    return web.pages.render_for(
        visitor,
        request,
        "people.html",
        shown,
        staff=staff,
        person=person,
        username=username,
        errors=errors,
        words=ROLE_WORDS,
        offered=_offered(person),
        excluded=_excluded(person),
        may_change=not permissions.GRANT_ROLE.other.isdisjoint(session.person.roles) and person != session.person,
    )


def submit_grant(web: Web, request: Request, form: Form) -> Response:
    """Grant one role."""
    visitor = web.sender(request, form)
    person = roles.grant(web.people, form.text("username"), _role(form), by=session_of(visitor))
    return _back(person)


def submit_withdraw(web: Web, request: Request, form: Form) -> Response:
    """Withdraw one role."""
    visitor = web.sender(request, form)
    person = roles.withdraw(web.people, form.text("username"), _role(form), by=session_of(visitor))
    return _back(person)


def _back(person: Person) -> Response:
    return RedirectResponse(f"{PEOPLE}?username={quote(person.username, safe='')}", 303, _NO_STORE)


def _role(form: Form) -> Role:
    try:
        return Role(form.text("role"))
    except ValueError as error:
        raise RoleNotGranted("Choose one of the roles.", field="role") from error


def _offered(person: Person | None) -> list[Role]:
    """What can be granted to a person beside what they hold."""
    if person is None:
        return []
    return [role for role in Role if role in GRANTED - person.roles and role not in _excluded(person)]


def _excluded(person: Person | None) -> list[Role]:
    """What cannot, since it would check what they do themselves."""
    if person is None or SEPARATE.isdisjoint(person.roles):
        return []
    return [role for role in Role if role in SEPARATE - person.roles]
