"""`directca proposal`: what waits for a second officer, and what the operator says of it."""

from dataclasses import dataclass, replace
from typing import Annotated

import typer

from directca.api import proposal_views
from directca.cli import present
from directca.cli.bulk_work import through
from directca.cli.commands import Common, Reason, command, group
from directca.cli.context import opened, opened_to_order, operator
from directca.revocation import bulk, carrying_out
from directca.vetting import actors, proposals
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Answer, Proposal, ProposalKind, ProposalState
from directca.vetting.proposals import Saying, Waiting

app = group("proposal", "What waits for a second officer: revocations, the end of an organization or of an authority.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneProposal(Common):
    """Options of the commands about one proposal."""

    proposal: Annotated[str, typer.Argument(help="Its identifier, from `directca proposal list`.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseOptions(OneProposal):
    """Options of `proposal refuse` and `proposal withdraw`."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOptions(RefuseOptions):
    """Options of `proposal confirm`."""

    digest: Annotated[str, typer.Option(help="What you saw, from `directca proposal show`.")]


def list_proposals(options: Common) -> None:
    """List what waits for a second officer, the oldest first, and the last that wait no longer."""
    with opened(options.data) as desk:
        found = _all(desk.registration, actors.operator(desk.actor))
    columns = ("id", "kind", "state", "subject", "pairs", "proposed_by", "expires_ts")
    shown = [proposal_views.proposal(one) for one in (*found.open, *found.closed)]
    table = present.listing(columns, [[row[name] for name in columns] for row in shown], empty="Nothing was proposed yet.")
    present.emit(proposal_views.waiting(found), as_json=options.as_json, human=table)


def _all(registration: Registration, operator: Actor) -> Waiting:
    """Every page of what waits as one."""
    found = proposals.waiting(registration, operator)
    while found.after is not None:
        more = proposals.waiting(registration, operator, found.after)
        found = replace(found, open=(*found.open, *more.open), after=more.after)
    return found


def show(options: OneProposal) -> None:
    """Show what exactly is proposed, what would become of it, and what was said of it."""
    with opened(options.data) as desk:
        _say(options, proposals.show(desk.registration, actors.operator(desk.actor), options.proposal))


def confirm(options: ConfirmOptions) -> None:
    """Confirm what an officer has proposed. It is carried out once as many as the settings want have confirmed it."""
    with opened_to_order(options.data) as (ca, registration):
        saying = Saying(Answer.CONFIRM, options.reason, options.digest)
        done = carrying_out.decide(ca, registration, actors.operator(operator()), options.proposal, saying)
        if done.state is ProposalState.DONE and done.result is not None and done.kind is not ProposalKind.AUTHORITY:
            through(ca, bulk.show(ca, done.result))
    _say(options, done)


def refuse(options: RefuseOptions) -> None:
    """Refuse what an officer has proposed."""
    with opened_to_order(options.data) as (ca, registration):
        saying = Saying(Answer.REFUSE, options.reason)
        _say(options, carrying_out.decide(ca, registration, actors.operator(operator()), options.proposal, saying))


def withdraw(options: RefuseOptions) -> None:
    """Take back what you have proposed."""
    with opened(options.data) as desk:
        _say(options, proposals.withdraw(desk.registration, actors.operator(desk.actor), options.proposal, options.reason))


def proposed(options: Common, made: Proposal) -> None:
    """Tell that an order waits for somebody else."""
    human = (
        f"Proposed: {made.id}. Nothing has changed yet. An officer must confirm it by {made.expires_at:%Y-%m-%d %H:%M} UTC: "
        f"directca proposal show {made.id}"
    )
    present.emit(proposal_views.proposal(made), as_json=options.as_json, human=human)


def _say(options: Common, about: Proposal) -> None:
    data = proposal_views.proposal(about)
    present.emit(data, as_json=options.as_json, human=present.facts(data))


command(app, "list", Common, list_proposals)
command(app, "show", OneProposal, show)
command(app, "confirm", ConfirmOptions, confirm)
command(app, "refuse", RefuseOptions, refuse)
command(app, "withdraw", RefuseOptions, withdraw)
