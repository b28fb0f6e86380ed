"""An account's domains: claim one, publish its record or enter its code, see what was tried, give it up."""

from starlette.requests import Request
from starlette.responses import Response

from directca.errors import DirectCAError, RateLimited, Unavailable
from directca.vetting import case_page, domain_check, domain_claim, domain_confirm, domain_views, domain_withdraw
from directca.vetting.domain_model import ChallengeState, DomainStanding, DomainView, Outcome, Wanted
from directca.vetting.model import DomainMethod, OrganizationStatus
from directca.web.console import confirmation, mistakes
from directca.web.console.confirmation import Asked, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

DOMAINS = f"{CONSOLE}/domains"
METHODS = (
    (DomainMethod.DNS_TXT.value, "By a TXT record in the DNS"),
    (DomainMethod.ROLE_ADDRESS.value, "By a code mailed to it"),
)
OUTCOMES = {
    Outcome.BEGUN: "begun, and cut off",
    Outcome.PROVEN: "control shown",
    Outcome.NOT_PROVEN: "not shown",
    Outcome.HELD_ELSEWHERE: "another organization holds it",
    Outcome.TOO_LATE: "too late",
    Outcome.SENT: "code mailed",
    Outcome.NOT_SENT: "code not mailed",
}
_SHOWN = (*mistakes.SHOWN, RateLimited, Unavailable)
_FIELDS = ("domain", "method", "mailbox", "organization", "code")
_GOOD = frozenset({DomainStanding.VERIFIED, DomainStanding.EXPIRING})


def show_domains(console: Console, request: Request) -> Response:
    """Every claim of the account, and the form for a new one."""
    return _list(console, console.visit(request), request)


def submit_domains(console: Console, request: Request, form: Form) -> Response:
    """Claim a domain. May wait for the mail server."""
    visit = console.sent(request, form)
    if form.text("method") not in dict(METHODS):
        return _list(console, visit, request, mistakes.beside(("method", "Choose how you show control.")), form)
    method = DomainMethod(form.text("method"))
    mailbox = form.text("mailbox") if method is DomainMethod.ROLE_ADDRESS else None
    wanted = Wanted(form.text("domain").strip(), method, form.text("organization") or None, mailbox or None)
    try:
        made = domain_claim.claim(console.domains, visit.claimant, wanted)
    except _SHOWN as error:
        return _list(console, visit, request, mistakes.of(error, _FIELDS), form)
    return done(f"{DOMAINS}/{made.id}")


def show_domain(console: Console, request: Request) -> Response:
    """One claim: what is to be done, how it stands, what was tried."""
    return _one(console, console.visit(request), request)


def submit_domain(console: Console, request: Request, form: Form) -> Response:
    """Look for the record now, or enter the code. May wait for name servers."""
    visit, challenge = console.sent(request, form), request.path_params["challenge"]
    try:
        if form.text("step") == "confirm":
            domain_confirm.confirm(console.domains, visit.claimant, challenge, form.text("code"))
        else:
            domain_check.check(console.domains, visit.claimant, challenge)
    except _SHOWN as error:
        return _one(console, visit, request, _of_one(error))
    return done(f"{DOMAINS}/{challenge}")


def show_withdraw(console: Console, request: Request) -> Response:
    """Asks before a domain is given up, and says what follows."""
    visit = console.visit(request)
    view = domain_views.view(console.domains, visit.claimant, request.path_params["challenge"])
    return _ask_withdraw(visit, request, view)


def submit_withdraw(console: Console, request: Request, form: Form) -> Response:
    """Give it up."""
    visit, challenge = console.sent(request, form), request.path_params["challenge"]
    try:
        domain_withdraw.withdraw(console.domains, visit.claimant, challenge)
    except _SHOWN as error:
        return _one(console, visit, request, mistakes.of(error))
    return done(f"{DOMAINS}/{challenge}")


def _of_one(error: DirectCAError) -> Mistakes:
    return mistakes.of(error, ("code",))


def _list(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, form: Form | None = None) -> Response:
    known = [page.organization for page in case_page.organizations_of(console.registration, visit.actor)]
    mine = [(one.id, one.facts.legal_name) for one in known if one.status is not OrganizationStatus.ENDED]
    values = {name: "" if form is None else form.text(name) for name in _FIELDS}
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/domains.html",
        wrong.shown,
        views=domain_views.views(console.domains, visit.claimant),
        organizations=mine,
        methods=METHODS,
        mailboxes=[(one, one) for one in console.domains.rules.domains.role_addresses],
        sends_mail=console.domains.mailer.is_set,
        values=values,
        errors=wrong.found,
        here=request.url.path,
    )


def _one(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE) -> Response:
    challenge = request.path_params["challenge"]
    view = domain_views.view(console.domains, visit.claimant, challenge)
    tries = console.domains.rules.domains.code_tries
    is_open = view.challenge is not None and view.challenge.state is ChallengeState.OPEN
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/domain.html",
        wrong.shown,
        view=view,
        waits=is_open and view.standing is DomainStanding.PENDING,
        is_good=view.standing in _GOOD,
        tries_left=max(0, tries - view.challenge.tries) if view.challenge is not None else 0,
        attempts=domain_views.attempts(console.domains, visit.claimant, challenge),
        outcomes=OUTCOMES,
        errors=wrong.found,
        here=request.url.path,
    )


def _ask_withdraw(visit: Visit, request: Request, view: DomainView) -> Response:
    asked = Asked(
        heading=f"Give {view.domain} up?",
        consequence=f"Nothing more is issued for {view.domain} and its addresses.",
        button=f"Give {view.domain} up",
        back=f"{DOMAINS}/{request.path_params['challenge']}",
        points=("Authority over every address of the domain ends with it.", "Certificates that were issued stay valid."),
        is_final=False,
        undoing="Claim the domain again and show control of it anew.",
    )
    return confirmation.ask(visit, request, asked)
