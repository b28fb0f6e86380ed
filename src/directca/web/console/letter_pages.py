"""What a person is told by mail."""

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts.member import Member
from directca.mail.errors import NoMailServer
from directca.notices import letters
from directca.notices.letter_text import MAILED, SUBJECTS
from directca.web.console import mistakes
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

LETTERS = f"{CONSOLE}/letters"


def show_letters(console: Console, request: Request) -> Response:
    """What the person has chosen, and where it reaches them."""
    visit = console.visit(request)
    return _form(visit, request, letters.choice(console.webhooks.notices, _member(visit)))


def submit_letters(console: Console, request: Request, form: Form) -> Response:
    """Other letters from now on."""
    visit = console.sent(request, form)
    wanted = tuple(kind.value for kind in MAILED if form.text(kind.value))
    try:
        letters.choose(console.webhooks.notices, console.post, _member(visit), wanted)
    except (*mistakes.SHOWN, NoMailServer) as error:
        before = letters.choice(console.webhooks.notices, _member(visit))
        return _form(visit, request, letters.Choice(wanted, before.address), mistakes.of(error))
    return done(LETTERS)


def _member(visit: Visit) -> Member:
    return Member(visit.account_id, visit.session.person.id)


def _form(visit: Visit, request: Request, chosen: letters.Choice, wrong: Mistakes = NONE) -> Response:
    return visit.console.web.pages.render_for(
        visit.visitor,
        request,
        "console/letters.html",
        wrong.shown,
        chosen=chosen,
        can_send=visit.console.post.is_set,
        kinds=[(kind.value, SUBJECTS[kind]) for kind in MAILED],
        errors=wrong.found,
    )
