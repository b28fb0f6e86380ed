"""What a process of the nursery does with an authority: one verb, as an edge or the periodic work would do it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from directca.accounts.config import LimitConfig
from directca.accounts.member import Member
from directca.accounts.person import Role
from directca.certificates.chosen import Selection
from directca.certificates.model import Pair
from directca.issuance import refund
from directca.issuance.reconcile import reconcile
from directca.pki.profiles import shipped_file
from directca.pki.reasons import RevocationReason
from directca.revocation import (
    authority_status,
    bulk,
    carrying_out,
    crl,
    ocsp,
    offline_list,
    ordering,
    organization_end,
    upkeep,
)
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.bulk_model import Wanted
from directca.revocation.compromise import Desk, report
from directca.revocation.compromise_model import Claim
from directca.revocation.model import ListId, Requester, the_authority
from directca.signing.authority import Authority
from directca.signing.file_keys import FileKey
from directca.vetting import actors, proposals
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_model import Answer as ProposalAnswer
from directca.vetting.proposal_model import Proposal
from directca.vetting.proposals import Saying
from tests import authority as ca
from tests import billing
from tests.applications import an_account, somebody
from tests.clinic import RULES, sealed
from tests.material import PrivateKey, rsa_key
from tests.people import some_people
from tests.proofs import in_base64, request_saying
from tests.responding import KEYS, FolderKeys, House, responding
from tests.world import ALICE, World, fresh_key

Answer = str | int | None


def issue(world: World, name: str = ALICE, key: int = 0, **more: Any) -> Answer:
    """A first pair; answers its record's id."""
    return _id(world.issue(name, key=key, **more))


def renew(world: World, name: str = ALICE, **more: Any) -> Answer:
    """A paid successor."""
    return _id(world.renew(name, **more))


def reissue(world: World, name: str = ALICE, **more: Any) -> Answer:
    """A free successor."""
    return _id(world.reissue(name, **more))


def revoke(world: World, reason: str, name: str = ALICE) -> Answer:
    """Revoke, hold or release."""
    return _id(world.revoke(RevocationReason(reason), name))


def revoke_many(world: World, reason: str) -> Answer:
    """Revoke everything of the clinic in bulk; answers how many items are done."""
    wanted = Wanted(Selection(organization_id=world.organization_id), RevocationReason(reason))
    job, _ = bulk.order(world.revocation, the_authority("operator:ann"), wanted)
    return bulk.work(world.revocation, job.id, holder="test").done


def end_organization(world: World) -> Answer:
    """Close the clinic, and revoke everything that it has; answers how many names that concerns."""
    officer = the_authority("operator:ann")
    ended = organization_end.end_organization(world.revocation, officer, world.organization_id, "it closed")
    if ended.job is not None:
        bulk.work(world.revocation, ended.job.id, holder="test")
    return len(ended.names)


def propose(world: World, reason: str) -> Answer:
    """An officer orders the revocation of everything of the clinic where the settings want two; answers the proposal's id."""
    desk = _registration(world)
    officer = somebody(desk, an_account(desk, "Authority"), "Olga Officer", Role.OFFICER)
    requester = Requester(officer.journalled, officer.account_id or "", officer=True, shown_at=officer.shown_at)
    wanted = Wanted(Selection(organization_id=world.organization_id), RevocationReason(reason))
    made = ordering.revoke_many(world.revocation, desk, officer, requester, wanted)
    assert isinstance(made, Proposal)
    return made.id


def propose_authority(world: World, reason: str) -> Answer:
    """The operator orders the revocation of the issuing authority where the settings want two; answers the proposal's id."""
    wanted = AuthorityRevocation(RevocationReason(reason), None, "drill")
    operator = actors.operator("operator:ann")
    made = ordering.revoke_authority(world.revocation, _registration(world), operator, "issuing", wanted)
    assert isinstance(made, Proposal)
    return made.id


def confirm(world: World) -> Answer:
    """The operator confirms the only proposal; answers its state."""
    return _confirm(world, _registration(world), actors.operator("operator:ann"))


def hire_officer(world: World) -> Answer:
    """Somebody who may confirm what the operator proposed; answers the person's id."""
    desk = _registration(world)
    return somebody(desk, an_account(desk, "Authority"), "Otto Officer", Role.OFFICER).person_id


def confirm_as_officer(world: World) -> Answer:
    """That officer confirms the only proposal; answers its state."""
    desk = _registration(world)
    with world.database.read() as tx:
        (officer,) = tx.execute(text("SELECT id, account_id FROM person")).all()
    return _confirm(world, desk, actors.person(desk, officer.account_id, officer.id, shown_at=world.clock.now()))


def _confirm(world: World, desk: Registration, who: Actor) -> Answer:
    waits = proposals.waiting(desk, who)
    (about,) = (*waits.open, *waits.closed)
    saying = Saying(ProposalAnswer.CONFIRM, "looked at it", about.digest)
    return carrying_out.decide(world.revocation, desk, who, about.id, saying).state.value


def hire(world: World) -> Answer:
    """Somebody who may ask for a refund; answers the person's id."""
    return billing.somebody(world.database, world.clock, world.account_id, Role.ACCOUNT_ADMINISTRATOR).person_id


def give_back(world: World) -> Answer:
    """Refund the only order, as whoever was hired; answers the order's state."""
    desk = billing.some_billing(world.database, world.clock)
    with world.database.read() as tx:
        (person,) = tx.execute(text("SELECT id FROM person")).scalars()
        (order,) = tx.execute(text("SELECT id FROM certificate_order")).scalars()
    return refund.refund(desk, Member(world.account_id, person), order).order.id


def report_compromise(world: World, key: int) -> Answer:
    """Report one of the clinic's keys; answers whether it is certified here."""
    return _report(world, fresh_key(key))


def report_responder(world: World) -> Answer:
    """Report the key of the first responder, which is the only one; answers whether it is certified here."""
    return _report(world, rsa_key(KEYS[0]))


def produce(world: World, authority: str = "issuing") -> Answer:
    """The next CRL; answers the number of the one that is published afterwards."""
    return crl.produce(world.revocation, ListId(authority), actor="system:test").number


def revoke_authority(world: World, reason: str) -> Answer:
    """Revoke the issuing authority; answers the reason that stands."""
    wanted = AuthorityRevocation(RevocationReason(reason), None, "drill")
    done = authority_status.revoke(world.revocation, "issuing", wanted, actor="operator:ann")
    return None if done.reason is None else done.reason.value


def bring(world: World) -> Answer:
    """Order the root's list, make it as the machine with the key does, bring it; answers its number."""
    with world.database.read() as tx:
        entry = authority_status.find(tx, "root")
    order = offline_list.order(world.revocation, entry, shipped_file().decode(), actor="operator:ann")
    offline_root = Authority(ca.root().issuer, FileKey(rsa_key(ca.ROOT_KEY, 3072)), ca.policy().for_offline_lists(), ca.never)
    made = offline_list.make(order, offline_root, world.clock.now(), timedelta(days=180))
    return offline_list.bring(world.revocation, entry, made.der, actor="operator:ann").number


def make_responder(world: World) -> Answer:
    """Another responder; answers its serial number."""
    return _house(world).make().serial


def ask(world: World, name: str = ALICE) -> Answer:
    """What OCSP says of the newest certificate of a name."""
    house = _house(world)
    house.signers.refresh()
    return house.ask(world.history(name)[0].record.signing_serial).certificate_status.name


def begin(world: World) -> Answer:
    """What `directca serve` does before it lets workers begin."""
    settled = reconcile(world.issuance, actor="system:start", older_than=timedelta(0))
    ocsp.keep(_house(world).ocsp, actor="system:start", older_than=timedelta(0))
    upkeep.produce_due_crls(world.revocation)
    return len(settled)


def keep(world: World) -> Answer:
    """What a serving authority does every few seconds."""
    settled = reconcile(world.issuance, actor=upkeep.ACTOR)
    upkeep.revoke_superseded(world.revocation)
    upkeep.revoke_overheld(world.revocation)
    ocsp.keep(_house(world).ocsp, actor=upkeep.ACTOR, older_than=timedelta(seconds=60))
    organization_end.go_on(world.revocation, actor=upkeep.ACTOR)
    carrying_out.go_on(world.revocation)
    bulk.resume_all(world.revocation, holder="upkeep")
    upkeep.produce_due_crls(world.revocation, holder="system:upkeep")
    return len(settled)


_ISSUING = (issue, renew, reissue, hire, give_back)
_REVOKING = (revoke, revoke_many, end_organization, report_compromise, report_responder, revoke_authority)
_PROPOSING = (propose, propose_authority, hire_officer, confirm, confirm_as_officer)
_KEEPING = (produce, bring, make_responder, ask, begin, keep)

VERBS: Mapping[str, Callable[..., Answer]] = {each.__name__: each for each in (*_ISSUING, *_REVOKING, *_PROPOSING, *_KEEPING)}


def _report(world: World, key: PrivateKey) -> int:
    desk = Desk("https://ca.example.org", LimitConfig(), _house(world).desk)
    claim = Claim(in_base64(request_saying("This key is compromised", key=key)))
    return int(report(world.revocation, desk, claim, "192.0.2.7").is_certified)


def _registration(world: World) -> Registration:
    """The registration authority of a house that wants a second officer for many revocations."""
    people = some_people(world.database, world.clock)
    return Registration(
        world.database, world.clock, RULES, ApprovalConfig(deciders_bulk=2, deciders_compromise=2), people, sealed
    )


def _house(world: World) -> House:
    """Those who answer OCSP; their keys lie in the folder where the process works."""
    return responding(world, keys=FolderKeys(Path("responder-keys").resolve()))


def _id(pair: Pair) -> str:
    return pair.record.id
