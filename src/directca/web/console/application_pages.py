"""The account's own API applications: made, changed, given new secrets, stopped. A secret is shown on one page, once."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts.person import Role
from directca.oauth import own_applications, scopes
from directca.oauth.applications import Registered
from directca.oauth.model import Client
from directca.oauth.own_applications import Changes, Wanted
from directca.web.console import mistakes
from directca.web.console.confirmation import CONFIRMED, Asked, ask, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

APPLICATIONS = f"{CONSOLE}/api-applications"
KINDS = (
    ("confidential", "On a server, with a secret"),
    ("public", "In a browser, without one"),
    ("native", "On people's own machines"),
)
OVERLAPS = (("0", "No longer: it stops at once"), ("1", "For an hour"), ("24", "For a day"), ("168", "For a week"))
_FIELDS = ("name", "redirect_uris", "scopes")


def show_applications(console: Console, request: Request) -> Response:
    """All of them."""
    visit = console.visit(request)
    found = own_applications.of_account(console.web.oauth, visit.member)
    return console.web.pages.render_for(
        visit.visitor, request, "console/api_applications.html", applications=found, may_change=_may(visit)
    )


def show_new(console: Console, request: Request) -> Response:
    """The form for a new one."""
    return _new(console, console.visit(request), request, {})


def submit_new(console: Console, request: Request, form: Form) -> Response:
    """Register it, and show its secret."""
    visit = console.sent(request, form)
    values = {name: form.text(name) for name in ("name", "redirect_uris", "kind", "manages")}
    asked = scopes.REGISTRABLE if values["manages"] == "yes" else scopes.OF_ACCOUNT
    wanted = Wanted(
        name=values["name"].strip(),
        redirect_uris=_lines(values["redirect_uris"]),
        confidential=values["kind"] not in ("public", "native"),
        native=values["kind"] == "native",
        scopes=asked,
    )
    try:
        made = own_applications.create(console.web.oauth, visit.member, wanted)
    except mistakes.SHOWN as error:
        return _new(console, visit, request, values, mistakes.of(error, _FIELDS, {"": "redirect_uris"}))
    return _secret(console, visit, request, made, is_new=True)


def show_application(console: Console, request: Request) -> Response:
    """One of them."""
    visit = console.visit(request)
    return _application(console, visit, request)


def submit_application(console: Console, request: Request, form: Form) -> Response:
    """Change it, replace its secret, stop it or let it go on."""
    visit = console.sent(request, form)
    client_id, step = request.path_params["client_id"], form.text("step")
    client = own_applications.one(console.web.oauth, visit.member, client_id)
    if step in ("rotate", "disable") and form.text(CONFIRMED[0]) != CONFIRMED[1]:
        return _ask(visit, request, client, step, form.text("overlap"))
    try:
        if step == "rotate":
            hours = form.text("overlap") if form.text("overlap") in dict(OVERLAPS) else "0"
            made = own_applications.rotate(console.web.oauth, visit.member, client_id, timedelta(hours=int(hours)))
            return _secret(console, visit, request, made, is_new=False)
        if step == "disable":
            own_applications.disable(console.web.oauth, visit.member, client_id)
        elif step == "enable":
            own_applications.enable(console.web.oauth, visit.member, client_id)
        else:
            changes = Changes(form.text("name").strip(), _lines(form.text("redirect_uris")))
            own_applications.change(console.web.oauth, visit.member, client_id, changes)
    except mistakes.SHOWN as error:
        return _application(console, visit, request, mistakes.of(error, _FIELDS), form)
    return done(f"{APPLICATIONS}/{client_id}")


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _ask(visit: Visit, request: Request, client: Client, step: str, overlap: str) -> Response:
    back = f"{APPLICATIONS}/{client.client_id}"
    if step == "rotate":
        words = dict(OVERLAPS).get(overlap, OVERLAPS[0][1])
        asked = Asked(
            heading=f"Replace the secret of {client.name}?",
            consequence="A new secret is made and shown once, on the next page.",
            button="Make a new secret",
            back=back,
            points=(f"The present secret stays good: {words[:1].lower()}{words[1:]}.", "A secret before that is good no more."),
            fields=(("step", step), ("overlap", overlap), CONFIRMED),
        )
    else:
        asked = Asked(
            heading=f"Stop {client.name}?",
            consequence="Its tokens are refused at once, and it gets no new ones.",
            button="Stop it",
            back=back,
            is_final=False,
            undoing="Let it go on whenever you like.",
            fields=(("step", step), CONFIRMED),
        )
    return ask(visit, request, asked)


def _new(console: Console, visit: Visit, request: Request, values: dict[str, str], wrong: Mistakes = NONE) -> Response:
    shown = {"name": "", "redirect_uris": "", "kind": "confidential", "manages": "", **values}
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/api_application_new.html",
        wrong.shown,
        values=shown,
        kinds=KINDS,
        step_up=visit.step_up(request.url.path),
        errors=wrong.found,
        here=request.url.path,
    )


def _secret(console: Console, visit: Visit, request: Request, made: Registered, *, is_new: bool) -> Response:
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/api_application_secret.html",
        client=made.client,
        secret=made.secret,
        is_new=is_new,
        here=f"{APPLICATIONS}/{made.client.client_id}",
    )


def _application(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, form: Form | None = None) -> Response:
    client = own_applications.one(console.web.oauth, visit.member, request.path_params["client_id"])
    now, ends = console.clock.now(), client.previous_ends_at
    stored = {"name": client.name, "redirect_uris": "\n".join(client.redirect_uris)}
    values = stored if form is None or not form.text("name") else {name: form.text(name) for name in stored}
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/api_application.html",
        wrong.shown,
        client=client,
        values=values,
        overlaps=OVERLAPS,
        old_secret_ends=ends if ends is not None and now < ends else None,
        may_change=_may(visit),
        step_up=visit.step_up(request.url.path),
        errors=wrong.found,
        here=request.url.path,
    )


def _may(visit: Visit) -> bool:
    return Role.ACCOUNT_ADMINISTRATOR in visit.session.person.roles
