"""What waits for a second officer: what is proposed, by whom, about which pairs; and the answer of another."""

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import permissions
from directca.revocation import carrying_out
from directca.vetting import proposals
from directca.vetting.proposal_model import Answer, ProposalKind, ProposalState
from directca.vetting.proposals import Saying
from directca.web.console import mistakes, proposal_words
from directca.web.console.confirmation import done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.paging import address, place, written
from directca.web.forms import Form
from directca.web.next_page import CONSOLE, second_factor_address

PROPOSALS = f"{CONSOLE}/proposals"
KINDS = {
    ProposalKind.REVOCATION: "Revoke many pairs",
    ProposalKind.ENDING: "End an organization",
    ProposalKind.AUTHORITY: "Revoke an issuing authority",
    ProposalKind.ISSUANCE: "Issue a pair",
}
CONSEQUENCES = {
    ProposalKind.REVOCATION: "With the last confirmation it is carried out at once.",
    ProposalKind.ENDING: "With the last confirmation it is carried out at once.",
    ProposalKind.AUTHORITY: "With the last confirmation it is carried out at once.",
    ProposalKind.ISSUANCE: "Once it is confirmed, the applicant may send exactly this request again, and then it is issued.",
}
"""What a confirmation brings about."""


def show_proposals(console: Console, request: Request) -> Response:
    """Those that wait, the oldest first, and the last that wait no longer."""
    visit = console.visit(request)
    after = place(request.query_params.get("after", ""))
    found = proposals.waiting(console.registration, visit.actor, after)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/proposals.html",
        found=found,
        kinds=KINDS,
        about=proposal_words.about,
        next_page=address(PROPOSALS, (), after=written(found.after)) if found.after else "",
        is_further=after is not None,
    )


def show_proposal(console: Console, request: Request) -> Response:
    """One, with all that would be done."""
    return _proposal(console, console.visit(request), request)


def submit_proposal(console: Console, request: Request, form: Form) -> Response:
    """Confirm exactly what was seen, refuse it, or take back what one has proposed."""
    visit = console.sent(request, form)
    proposal_id, step, text = request.path_params["proposal"], form.text("step"), form.text("text")
    desk, actor = console.registration, visit.actor
    try:
        if step in set(Answer):
            saying = Saying(Answer(step), text, form.text("digest"))
            said = carrying_out.decide(console.revocation, desk, actor, proposal_id, saying)
            if said.state is ProposalState.DONE and said.kind is not ProposalKind.AUTHORITY and said.result is not None:
                console.begin_revocations(said.result)
        elif step == "withdraw":
            proposals.withdraw(desk, actor, proposal_id, text)
        else:
            return _proposal(console, visit, request, mistakes.beside((None, "Choose what to do with it.")))
    except mistakes.SHOWN as error:
        return _proposal(console, visit, request, mistakes.of(error, ("text",), {"reason": "text"}), text)
    return done(f"{PROPOSALS}/{proposal_id}")


def _proposal(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, text: str = "") -> Response:
    known = proposals.show(console.registration, visit.actor, request.path_params["proposal"])
    able = not permissions.CONFIRM_PROPOSAL.other.isdisjoint(visit.session.person.roles)
    is_own = known.proposed_by == visit.session.person.actor
    is_open = able and known.state is ProposalState.OPEN
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/proposal.html",
        wrong.shown,
        known=known,
        facts=(*proposal_words.content(visit, known), *proposal_words.outlook(known)),
        kind=KINDS[known.kind],
        consequence=CONSEQUENCES[known.kind],
        outcome=proposal_words.outcome(visit, known),
        may_answer=is_open and not is_own,
        may_withdraw=is_open and is_own,
        step_up="" if visit.has_stepped_up else second_factor_address(request.url.path),
        errors=wrong.found,
        text=text,
        here=request.url.path,
    )
