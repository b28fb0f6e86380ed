"""Ending an organization: vetting closes it, then its certificates are revoked. `docs/flows/end-organization.md` tells the same.

It is closed first, in a commit of its own: from then on nothing new is issued. A crash before the last revocation leaves an ended
organization with certificates; upkeep, or the same request again, goes on with those.
"""

from dataclasses import dataclass
from datetime import timedelta

from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.db.engine import Tx
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, policy
from directca.revocation.bulk_model import Job, Wanted
from directca.revocation.context import Revocation
from directca.revocation.model import Requester, the_authority
from directca.vetting import organizations
from directca.vetting.case_errors import OwnRequest
from directca.vetting.model import Organization, OrganizationStatus


@dataclass(frozen=True)
class Ended:
    """The organization, the names whose certificates are to be revoked now, the order that does it (none where there are no such
    names), and the names for which a certificate was just being made."""

    organization: Organization
    names: tuple[str, ...]
    job: Job | None
    being_issued: tuple[str, ...]


def end_organization(ca: Revocation, requester: Requester, organization_id: str, reason: str) -> Ended:
    """Close an organization for good and order the revocation of its pairs as cessationOfOperation; `bulk.work` does it.

    Raises OfficersOnly, StepUpFirst, NoSuchOrganization, and OwnRequest for an officer of the organization's own account.
    """
    with ca.database.write() as tx:
        # 1 authorise
        policy.authorise_bulk(requester)
        organization = organizations.find(tx, organization_id)
        check_may(ca, requester, organization)

        # 2 close
        if organization.status is not OrganizationStatus.ENDED:
            organization = organizations.end(tx, organization_id, actor=requester.actor, reason=reason, at=ca.clock.now())

    # 3 look what is being issued
    # From here on no new intent passes vetting. Looked for before the pairs are listed: an intent that is gone by now is either
    # a pair of that list or was settled as revoked.
    with ca.database.read() as tx:
        being_issued = _open_intents(tx, ca, organization_id)
        names = standing_names(tx, ca, organization_id)

    # 4 order the revocation
    return Ended(organization, names, _order(ca, requester, organization_id) if names else None, being_issued)


def check_may(ca: Revocation, requester: Requester, organization: Organization) -> None:
    """Officers may, with a fresh second factor, and not for their own account. Raises OfficersOnly, StepUpFirst, OwnRequest."""
    policy.authorise_bulk(requester)
    policy.check_fresh(requester, ca.clock.now(), ca.step_up_seconds)
    if organization.account_id == requester.account_id:
        raise OwnRequest("This concerns your own account, so another officer must decide.")


def go_on(ca: Revocation, *, actor: str) -> tuple[Job, ...]:
    """Order what a crash left, or what was just being issued: the revocation of pairs that an ended organization still has."""
    with ca.database.read() as tx:
        left = [one for one in organizations.ended(tx) if standing_names(tx, ca, one.id)]
    return tuple(_order(ca, the_authority(actor, one.account_id), one.id) for one in left)


def standing_names(tx: Tx, ca: Revocation, organization_id: str) -> tuple[str, ...]:
    """The names for which an organization has a pair that is valid now, or held."""
    now = ca.clock.now()
    return tuple(sorted({one.identifier for one in register.of_organization(tx, organization_id) if one.valid_at(now)}))


def _order(ca: Revocation, requester: Requester, organization_id: str) -> Job:
    wanted = Wanted(
        Selection(organization_id=organization_id), RevocationReason.CESSATION_OF_OPERATION, explanation="organization ended"
    )
    return bulk.order(ca, requester, wanted)[0]


def _open_intents(tx: Tx, ca: Revocation, organization_id: str) -> tuple[str, ...]:
    found = register.unfinished(tx, before=ca.clock.now() + timedelta(seconds=1))
    return tuple(one.identifier for one in found if one.organization_id == organization_id)
