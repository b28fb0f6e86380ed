"""An organization that is ended loses every certificate, whoever dies in between."""

from dataclasses import replace

import pytest

from directca.accounts.role_errors import StepUpFirst
from directca.certificates import model, register
from directca.certificates.model import Status
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, organization_end
from directca.revocation.bulk_errors import OfficersOnly
from directca.revocation.model import Requester
from directca.vetting import organizations
from directca.vetting.case_errors import OwnRequest
from directca.vetting.errors import NoSuchOrganization, OrganizationNotVetted
from directca.vetting.model import OrganizationStatus
from tests.world import ALICE, DOMAIN, START, World

OFFICER = Requester("person:olga", "", officer=True, shown_at=START)


def status(world: World, name: str) -> tuple[Status, RevocationReason | None]:
    with world.database.read() as tx:
        (record,) = register.history(tx, name).of_account(world.account_id)
    return model.status(record, world.clock.now()), record.revocation_reason


def test_its_certificates_are_revoked_and_nothing_more_is_issued(world: World) -> None:
    world.issue(ALICE)
    done = organization_end.end_organization(world.revocation, OFFICER, world.organization_id, "closed its doors")
    assert (done.organization.status, done.names, done.being_issued) == (OrganizationStatus.ENDED, (ALICE,), ())
    assert done.job is not None
    bulk.work(world.revocation, done.job.id, holder="test")
    assert status(world, ALICE) == (Status.REVOKED, RevocationReason.CESSATION_OF_OPERATION)
    with pytest.raises(OrganizationNotVetted):
        world.issue(f"bob@{DOMAIN}")
    again = organization_end.end_organization(world.revocation, OFFICER, world.organization_id, "again")
    assert (again.names, again.job) == ((), None)
    assert world.journal_kinds().count("organization.ended") == 1


def test_what_a_crash_after_the_closing_left_is_gone_on_with(world: World) -> None:
    world.issue(ALICE)
    with world.database.write() as tx:
        organizations.end(tx, world.organization_id, actor="person:olga", reason="closed", at=world.clock.now())
    assert status(world, ALICE)[0] is Status.ISSUED
    (job,) = organization_end.go_on(world.revocation, actor="system:upkeep")
    (same,) = organization_end.go_on(world.revocation, actor="system:upkeep")
    assert job.id == same.id
    bulk.resume_all(world.revocation, holder="upkeep")
    assert status(world, ALICE)[0] is Status.REVOKED
    assert organization_end.go_on(world.revocation, actor="system:upkeep") == ()


def test_it_is_for_officers_and_for_an_organization_that_there_is(world: World) -> None:
    world.issue(ALICE)
    with pytest.raises(NoSuchOrganization):
        organization_end.end_organization(world.revocation, OFFICER, "nobody", "closed")
    with pytest.raises(OfficersOnly):
        organization_end.end_organization(world.revocation, Requester("person:anna", ""), world.organization_id, "closed")
    own = replace(OFFICER, account_id=world.account_id)
    with pytest.raises(OwnRequest):
        organization_end.end_organization(world.revocation, own, world.organization_id, "closed")
    with pytest.raises(StepUpFirst):
        organization_end.end_organization(world.revocation, replace(OFFICER, shown_at=None), world.organization_id, "closed")
    with world.database.read() as tx:
        assert organizations.find(tx, world.organization_id).status is OrganizationStatus.APPROVED
    assert organization_end.go_on(world.revocation, actor="system:upkeep") == ()
