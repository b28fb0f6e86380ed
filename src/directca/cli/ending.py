"""Ending an organization: vetting closes it, then revocation revokes its certificates.

The two are verbs of different rooms and neither may call the other, so the command composes them. It closes first, in a commit of
its own: from then on nothing new is issued. A crash before the last revocation leaves an ended organization with certificates;
the same command, given again, goes on with those.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.cli.bulk_work import through
from directca.cli.context import operator
from directca.cli.errors import NotConfirmed, StillIssuing
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk
from directca.revocation.bulk_model import Wanted
from directca.revocation.model import Requester
from directca.rooms import Authority
from directca.vetting import organizations
from directca.vetting.model import Organization, OrganizationStatus


@dataclass(frozen=True)
class Ended:
    """The organization, and the names whose certificates were revoked now."""

    organization: Organization
    revoked: tuple[str, ...]


def end_organization(
    authority: Authority, organization_id: str, reason: str, *, ask: Callable[[Organization, tuple[str, ...]], bool] | None
) -> Ended:
    """End an organization and revoke each of its pairs as cessationOfOperation.

    `ask` is shown what will be revoked and may stop it. Raises NoSuchOrganization, NotConfirmed, and StillIssuing, after having
    done all that could be done.
    """
    with authority.database.read() as tx:
        organization = organizations.find(tx, organization_id)
    if ask is not None and not ask(organization, _standing_names(authority, organization_id)):
        raise NotConfirmed("Nothing was changed.")
    if organization.status is not OrganizationStatus.ENDED:
        with authority.database.write() as tx:
            organization = organizations.end(tx, organization_id, actor=operator(), reason=reason, at=authority.clock.now())
    # From here on no new intent passes vetting. Looked for before the pairs are listed: an intent that is gone by now is
    # either a pair of that list or was settled as revoked.
    open_intents = _open_intents(authority, organization_id)
    revoked = _standing_names(authority, organization_id)
    requester = Requester(operator(), organization.account_id, officer=True)
    wanted = Wanted(
        Selection(organization_id=organization_id), RevocationReason.CESSATION_OF_OPERATION, explanation="organization ended"
    )
    if revoked:
        through(authority.revocation, bulk.order(authority.revocation, requester, wanted)[0])
    if open_intents:
        raise StillIssuing(
            f"{organization.facts.legal_name} is ended, and {len(revoked)} names are revoked, but a certificate for "
            f"{', '.join(open_intents)} was just being issued. Give the command again in a minute."
        )
    return Ended(organization, revoked)


def _standing_names(authority: Authority, organization_id: str) -> tuple[str, ...]:
    with authority.database.read() as tx:
        now = authority.clock.now()
        found = [one for one in register.of_organization(tx, organization_id) if one.valid_at(now)]
    return tuple(sorted({one.identifier for one in found}))


def _open_intents(authority: Authority, organization_id: str) -> tuple[str, ...]:
    with authority.database.read() as tx:
        found = register.unfinished(tx, before=authority.clock.now() + timedelta(seconds=1))
    return tuple(one.identifier for one in found if one.organization_id == organization_id)
