"""Ending an organization from a command: asked first, and followed to the end."""

from collections.abc import Callable
from dataclasses import dataclass

from directca.cli.bulk_work import through
from directca.cli.context import operator
from directca.cli.errors import NotConfirmed, StillIssuing
from directca.revocation import ordering, organization_end
from directca.revocation.model import the_authority
from directca.rooms import Authority
from directca.vetting import actors, organizations
from directca.vetting.model import Organization
from directca.vetting.proposal_model import Proposal


@dataclass(frozen=True)
class Ended:
    """The organization, and the names whose certificates were revoked now."""

    organization: Organization
    revoked: tuple[str, ...]


def end_organization(
    authority: Authority, organization_id: str, reason: str, *, ask: Callable[[Organization, tuple[str, ...]], bool] | None
) -> Ended | Proposal:
    """End an organization and revoke each of its pairs as cessationOfOperation, or propose it where a second officer is wanted.

    `ask` is shown what will be revoked and may stop it. Raises NoSuchOrganization, NotConfirmed, and StillIssuing, after having
    done all that could be done.
    """
    ca = authority.revocation
    with authority.database.read() as tx:
        organization = organizations.find(tx, organization_id)
        names = organization_end.standing_names(tx, ca, organization_id)
    if ask is not None and not ask(organization, names):
        raise NotConfirmed("Nothing was changed.")
    actor, requester = actors.operator(operator()), the_authority(operator())
    done = ordering.end(ca, authority.registration, actor, requester, organization_id, reason)
    if isinstance(done, Proposal):
        return done
    if done.job is not None:
        through(ca, done.job)
    if done.being_issued:
        raise StillIssuing(
            f"{organization.facts.legal_name} is ended, and {len(done.names)} names are revoked, but a certificate for "
            f"{', '.join(done.being_issued)} was just being issued. Give the command again in a minute."
        )
    return Ended(done.organization, done.names)
