"""An authority that wants second officers: `desk.proposed()` is a proposal, `desk.say(otto, made)` an answer to it."""

from dataclasses import dataclass, replace
from typing import Any

from directca.accounts.person import Role
from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.certificates.model import State
from directca.db.engine import Database
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import bulk, carrying_out, ordering
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.bulk_model import Job, Wanted
from directca.revocation.model import Requester, the_authority
from directca.vetting import actors
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Answer, Proposal
from directca.vetting.proposals import Saying
from tests.applications import an_account, somebody
from tests.clinic import RULES, sealed
from tests.people import some_people
from tests.world import ALICE, DOMAIN, World, a_world

BOB, CAROL = f"bob@{DOMAIN}", f"carol@{DOMAIN}"
TWO = {"deciders_bulk": 2, "deciders_ending": 2, "deciders_compromise": 2}
OPERATOR = actors.operator("operator:ann")


@dataclass
class Desk:
    """An authority that wants second officers, two pairs of a clinic, and officers of its own account."""

    world: World
    registration: Registration
    olga: Actor
    otto: Actor

    def requester(self, who: Actor) -> Requester:
        if who.person_id is None:
            return the_authority(who.id)
        return Requester(who.journalled, who.account_id or "", officer=True, shown_at=who.shown_at)

    def order(self, who: Actor | None = None, **changes: Any) -> Proposal | Job:
        wanted = Wanted(Selection(domain=DOMAIN), Reason.KEY_COMPROMISE, explanation="the key store was copied")
        author = who or self.olga
        wanted = replace(wanted, **changes)
        return ordering.revoke_many(self.world.revocation, self.registration, author, self.requester(author), wanted)

    def proposed(self, who: Actor | None = None, **changes: Any) -> Proposal:
        made = self.order(who, **changes)
        assert isinstance(made, Proposal)
        return made

    def say(self, who: Actor, made: Proposal, answer: Answer = Answer.CONFIRM, digest: str | None = None) -> Proposal:
        saying = Saying(answer, "looked at it", made.digest if digest is None else digest)
        return carrying_out.decide(self.world.revocation, self.registration, who, made.id, saying)

    def work(self, done: Proposal) -> Job:
        assert done.result is not None
        return bulk.work(self.world.revocation, done.result, holder="test")

    def states(self) -> dict[str, State]:
        with self.world.database.read() as tx:
            found = [register.history(tx, name).records for name in (ALICE, BOB, CAROL)]
        return {one[0].identifier: one[0].state for one in found if one}


def a_desk(database: Database, **config: int) -> Desk:
    world = a_world(database)
    world.issue(ALICE)
    world.issue(BOB, key=2)
    people = some_people(database, world.clock)
    registration = Registration(database, world.clock, RULES, ApprovalConfig(**config), people, sealed)
    own = an_account(registration, "Authority")
    olga, otto = (somebody(registration, own, name, Role.OFFICER) for name in ("Olga Officer", "Otto Officer"))
    return Desk(world, registration, olga, otto)


def propose_the_end(desk: Desk, who: Actor | None = None) -> Proposal:
    author, ca = who or desk.olga, desk.world.revocation
    made = ordering.end(ca, desk.registration, author, desk.requester(author), desk.world.organization_id, "it closed")
    assert isinstance(made, Proposal)
    return made


def propose_to_revoke_the_authority(desk: Desk, who: Actor = OPERATOR) -> Proposal:
    wanted = AuthorityRevocation(Reason.CA_COMPROMISE, None, "drill 7")
    made = ordering.revoke_authority(desk.world.revocation, desk.registration, who, "issuing", wanted)
    assert isinstance(made, Proposal)
    return made
