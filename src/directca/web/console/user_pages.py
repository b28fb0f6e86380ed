"""Who uses the account: seen by everybody of it, kept by its administrators."""

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import invitations, members
from directca.accounts.people_errors import NoSuchUser
from directca.accounts.person import Person, Role
from directca.mail.errors import LetterNotSent
from directca.oauth import person_access
from directca.web.console import mistakes
from directca.web.console.confirmation import CONFIRMED, Asked, ask, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

USERS = f"{CONSOLE}/users"


def show_users(console: Console, request: Request) -> Response:
    """Everybody, and who is invited."""
    return _users(console, console.visit(request), request)


def submit_users(console: Console, request: Request, form: Form) -> Response:
    """Invite somebody, or withdraw that."""
    visit = console.sent(request, form)
    try:
        if form.text("step") == "withdraw":
            invitations.withdraw(console.joining, visit.member, form.text("invitation"))
        else:
            administrator = form.text("administrator") == "yes"
            invitations.invite(console.joining, visit.member, form.text("email"), administrator=administrator)
    except (*mistakes.SHOWN, LetterNotSent) as error:
        return _users(console, visit, request, mistakes.of(error, ("email",)), form.text("email"))
    return done(USERS)


def show_user(console: Console, request: Request) -> Response:
    """Somebody, and what an administrator can do about them."""
    visit = console.visit(request)
    return _user(console, visit, request, NONE)


def submit_user(console: Console, request: Request, form: Form) -> Response:
    """Make somebody an administrator or not, or remove them; both ask first."""
    visit = console.sent(request, form)
    person, step = _one(visit, request.path_params["person"])[0], form.text("step")
    if form.text(CONFIRMED[0]) != CONFIRMED[1]:
        return _ask(visit, request, person, step)
    try:
        if step == "remove":
            person_access.remove(console.web.oauth, console.web.people, visit.member, person.id)
            return done("/sign-in" if person.id == visit.member.person_id else USERS)
        members.appoint(console.web.people, visit.member, person.id, administrator=step == "appoint")
    except mistakes.SHOWN as error:
        return _user(console, visit, request, mistakes.of(error))
    return done(USERS)


def _one(visit: Visit, person_id: str) -> tuple[Person, str | None]:
    for person, email in members.of_account(visit.console.web.people, visit.member):
        if person.id == person_id:
            return person, email
    raise NoSuchUser("The account has no user with this identifier.")


def _ask(visit: Visit, request: Request, person: Person, step: str) -> Response:
    name, back = person.display_name, f"{USERS}/{person.id}"
    fields = (("step", step), CONFIRMED)
    if step == "remove":
        asked = Asked(
            heading=f"Remove {name}?",
            consequence=f"{name} is signed out everywhere and cannot sign in for {visit.session.account_name} any more.",
            button=f"Remove {name}",
            back=back,
            points=(
                "Every application that they allowed to act in their name loses its access.",
                "Certificates, applications of the account and its money stay as they are.",
                "To let them in again, invite them anew.",
            ),
            fields=fields,
        )
    else:
        becomes = step == "appoint"
        asked = Asked(
            heading=f"Make {name} an administrator?" if becomes else f"Let {name} administer the account no longer?",
            consequence=f"{name} decides who uses the account{'' if becomes else ' no longer'}, and is signed out everywhere.",
            button="Make them an administrator" if becomes else "Take it away",
            back=back,
            is_final=False,
            undoing="Any administrator of the account can do so.",
            fields=fields,
        )
    return ask(visit, request, asked)


def _users(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, email: str = "") -> Response:
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/users.html",
        wrong.shown,
        users=members.of_account(console.web.people, visit.member),
        invitations=invitations.of_account(console.joining, visit.member),
        now=console.clock.now(),
        may_change=_administers(visit),
        step_up=visit.step_up(USERS),
        email=email,
        errors=wrong.found,
        here=USERS,
    )


def _user(console: Console, visit: Visit, request: Request, wrong: Mistakes) -> Response:
    person, email = _one(visit, request.path_params["person"])
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/user.html",
        wrong.shown,
        person=person,
        email=email,
        is_self=person.id == visit.session.person.id,
        administers=Role.ACCOUNT_ADMINISTRATOR in person.roles,
        may_change=_administers(visit),
        step_up=visit.step_up(request.url.path),
        errors=wrong.found,
        here=request.url.path,
    )


def _administers(visit: Visit) -> bool:
    return Role.ACCOUNT_ADMINISTRATOR in visit.session.person.roles
