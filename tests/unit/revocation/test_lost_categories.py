"""Where an organization loses a category, the pairs that assert it are revoked, and no others."""

from directca.certificates import model, register
from directca.certificates.model import Status
from directca.direct.oids import OrganizationType
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, lost_categories
from directca.vetting import organizations
from tests.clinic import organization_facts
from tests.world import ALICE, DOMAIN, World

BOB = f"bob@{DOMAIN}"


def status(world: World, name: str) -> tuple[Status, RevocationReason | None]:
    with world.database.read() as tx:
        (record,) = register.history(tx, name).of_account(world.account_id)
    return model.status(record, world.clock.now()), record.revocation_reason


def test_pairs_of_a_category_that_was_taken_away_are_revoked(world: World) -> None:
    world.issue(ALICE, organization_type=OrganizationType.COVERED_ENTITY)
    world.issue(BOB, key=2, organization_type=OrganizationType.BUSINESS_ASSOCIATE)
    assert lost_categories.revoke_lost(world.revocation, world.organization_id, actor="person:olga") is None
    with world.database.write() as tx:
        facts = organization_facts(organization_types=(OrganizationType.BUSINESS_ASSOCIATE,))
        organizations.amend(tx, world.organization_id, facts, actor="person:olga", at=world.clock.now())
    job = lost_categories.revoke_lost(world.revocation, world.organization_id, actor="person:olga")
    assert job is not None
    bulk.work(world.revocation, job.id, holder="test")
    assert status(world, ALICE) == (Status.REVOKED, RevocationReason.PRIVILEGE_WITHDRAWN)
    assert status(world, BOB) == (Status.ISSUED, None)
    assert lost_categories.revoke_lost(world.revocation, world.organization_id, actor="person:olga") is None
    assert lost_categories.go_on(world.revocation, actor="system:upkeep") == ()
