"""The verbs of proposals, called by somebody for what touches an account: `OF_PROPOSALS["CONFIRM_PROPOSAL"](world, desk, …)`."""

import secrets
from collections.abc import Callable
from datetime import timedelta

from directca.certificates.chosen import Selection
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, bulk_control, carrying_out
from directca.revocation.bulk_model import Job, Wanted
from directca.revocation.model import the_authority
from directca.vetting import actors, proposals
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Answer, NewProposal, Proposal, ProposalKind
from directca.vetting.proposals import Saying
from tests.case_calls import alike
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


def _see_revocations(world: World, _desk: Registration, doer: Actor, owner: Actor) -> object:
    known = _ordered(world, owner)
    return alike(
        lambda: bulk_control.jobs(world.revocation, doer),
        lambda: bulk_control.job(world.revocation, doer, known.id),
        lambda: bulk_control.reports(world.revocation, doer),
    )


def _steer(world: World, desk: Registration, doer: Actor, owner: Actor) -> object:
    known = _ordered(world, owner)
    return alike(
        *(
            lambda verb=verb: verb(world.revocation, desk, doer, known.id, "as it must be")
            for verb in (bulk_control.pause, bulk_control.resume, bulk_control.cancel)
        )
    )


def _ordered(world: World, owner: Actor) -> Job:
    """An order that nobody works on yet."""
    wanted = Wanted(Selection(account_id=owner.account_id, domain=f"{secrets.token_hex(4)}.example"), RevocationReason.SUPERSEDED)
    return bulk.order(world.revocation, the_authority(OPERATOR), wanted)[0]


OF_PROPOSALS: dict[str, ProposalCall] = {
    "SEE_REVOCATIONS": _see_revocations,
    "STEER_REVOCATION": _steer,
    "SEE_PROPOSALS": _see,
    "CONFIRM_PROPOSAL": _decide,
    "WITHDRAW_PROPOSAL": _withdraw,
}
"""What officers do about proposals, and about orders that are under way."""
