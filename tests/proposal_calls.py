"""The verbs of proposals, called by somebody for what touches an account: `OF_PROPOSALS["CONFIRM_PROPOSAL"](world, desk, …)`."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from directca.revocation import carrying_out
from directca.vetting import actors, proposals
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Answer, NewProposal, Proposal, ProposalKind
from directca.vetting.proposals import Saying
from tests.people import OPERATOR
from tests.register import a_record
from tests.world import DOMAIN, START, World

ProposalCall = Callable[[World, Registration, Actor, Actor], object]
"""In which authority, by whom, for whose."""


def _proposed(desk: Registration, author: Actor, owner: Actor) -> Proposal:
    """That a pair of the owner's account is revoked."""
    with desk.database.write() as tx:
        record = a_record(tx, f"{secrets.token_hex(4)}@{DOMAIN}", not_after=START + timedelta(days=300))
        content = {"selection": "{}", "reason": "superseded", "invalidity_date": None, "explanation": None}
        about = ((record.id, str(owner.account_id)),)
        new = NewProposal(ProposalKind.REVOCATION, "certificates", content, "drill", 1, records=about)
        return proposals.make(tx, desk, author, new)


def _see(_world: World, desk: Registration, doer: Actor, owner: Actor) -> object:
    made = _proposed(desk, actors.operator(OPERATOR), owner)
    return proposals.waiting(desk, doer), proposals.show(desk, doer, made.id)


def _decide(world: World, desk: Registration, doer: Actor, owner: Actor) -> object:
    one, other = (_proposed(desk, actors.operator(OPERATOR), owner) for _ in range(2))
    carrying_out.decide(world.revocation, desk, doer, one.id, Saying(Answer.CONFIRM, "as it must be", one.digest))
    return proposals.decide(desk, doer, other.id, Saying(Answer.REFUSE, "as it must not be"))


def _withdraw(_world: World, desk: Registration, doer: Actor, owner: Actor) -> object:
    return proposals.withdraw(desk, doer, _proposed(desk, owner, owner).id, "a slip")


OF_PROPOSALS: dict[str, ProposalCall] = {
    "SEE_PROPOSALS": _see,
    "CONFIRM_PROPOSAL": _decide,
    "WITHDRAW_PROPOSAL": _withdraw,
}
"""What officers do about proposals."""
