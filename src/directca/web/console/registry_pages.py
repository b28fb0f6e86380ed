"""An organization of whichever account, before the authority: how it stands, and its suspension and end."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import accounts, permissions
from directca.certificates.chosen import Selection
from directca.errors import NotFound
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, ordering
from directca.revocation.bulk_model import Wanted
from directca.vetting import case_page, deciding, domain_views
from directca.vetting.case_policy import reason
from directca.vetting.model import OrganizationStatus
from directca.vetting.proposal_model import Proposal
from directca.web.console import case_words, history, mistakes
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.proposal_pages import PROPOSALS
from directca.web.console.queue_pages import REGISTRY
from directca.web.forms import Form
from directca.web.next_page import second_factor_address


@dataclass(frozen=True)
class Act:
    """What can be done to an organization: the words of its page."""

    word: str
    button: str
    consequence: str
    points: tuple[str, ...]
    is_final: bool
    from_status: frozenset[OrganizationStatus]


ACTS = {
    "suspend": Act(
        "Suspend",
        "Suspend the organization",
        "Nothing more is issued to it from this moment on.",
        ("Its certificates stay valid.", "It can be lifted at any time."),
        is_final=False,
        from_status=frozenset({OrganizationStatus.APPROVED}),
    ),
    "reinstate": Act(
        "Reinstate",
        "Lift the suspension",
        "Certificates can be issued to it again, as far as everything else is in order.",
        ("Its review stays due when it was.",),
        is_final=False,
        from_status=frozenset({OrganizationStatus.SUSPENDED}),
    ),
    "end": Act(
        "End",
        "End the organization and revoke its certificates",
        "It is closed for good. Every certificate that it has is revoked with the reason cessationOfOperation.",
        ("Its domains and the authority over its mailboxes fall.", "To have certificates again it must apply anew."),
        is_final=True,
        from_status=frozenset(OrganizationStatus) - {OrganizationStatus.ENDED},
    ),
}


def show_organization(console: Console, request: Request) -> Response:
    """How it stands."""
    visit = console.visit(request)
    desk, actor = console.registration, visit.actor
    page = case_page.organization_page(desk, actor, request.path_params["organization"], officer=True)
    able = not permissions.SUSPEND_ORGANIZATION.other.isdisjoint(visit.session.person.roles)
    is_own = page.organization.account_id == visit.account_id
    with console.database.read() as tx:
        account = accounts.find(tx, page.organization.account_id)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/registered.html",
        page=page,
        account_name=account.name,
        approved_by=history.named(visit, page.organization.approved_by or ""),
        rows=case_words.rows(page.facts),
        domains=domain_views.of_organization(console.domains, actor, page.organization.id),
        acts=[(name, one) for name, one in ACTS.items() if able and not is_own and page.organization.status in one.from_status],
        words=case_words,
    )


def show_act(console: Console, request: Request) -> Response:
    """Asks for the reason, and says what follows."""
    return _act(console, console.visit(request), request)


def submit_act(console: Console, request: Request, form: Form) -> Response:
    """Do it."""
    visit = console.sent(request, form)
    organization, act, text = request.path_params["organization"], request.path_params["act"], form.text("text")
    try:
        if act == "end":
            return done(_end(console, visit, organization, text))
        if act not in ACTS:
            raise _nothing()
        verb = deciding.suspend if act == "suspend" else deciding.reinstate
        verb(console.registration, visit.actor, organization, text)
    except mistakes.SHOWN as error:
        return _act(console, visit, request, mistakes.of(error, ("text",)), text)
    return done(f"{REGISTRY}/{organization}")


def _end(console: Console, visit: Visit, organization: str, text: str) -> str:
    known = deciding.check_may_end(console.registration, visit.actor, organization)
    made = ordering.end(console.revocation, console.registration, visit.actor, visit.requester, known.id, reason(text))
    if isinstance(made, Proposal):
        return f"{PROPOSALS}/{made.id}"
    if made.job is not None:
        console.begin_revocations(made.job.id)
    return f"{REGISTRY}/{organization}"


def _act(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, text: str = "") -> Response:
    name = request.path_params["act"]
    if name not in ACTS:
        raise _nothing()
    page = case_page.organization_page(console.registration, visit.actor, request.path_params["organization"], officer=True)
    plan = None
    if name == "end":
        wanted = Wanted(Selection(organization_id=page.organization.id), RevocationReason.CESSATION_OF_OPERATION)
        plan = bulk.plan(console.revocation, visit.requester, wanted)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/act.html",
        wrong.shown,
        page=page,
        act=ACTS[name],
        plan=plan,
        second=console.registration.config.deciders_ending - 1 if name == "end" else 0,
        errors=wrong.found,
        text=text,
        step_up="" if visit.has_stepped_up else second_factor_address(request.url.path),
        back=f"{REGISTRY}/{page.organization.id}",
        here=request.url.path,
    )


def _nothing() -> NotFound:
    return NotFound("There is no such page.")
