"""Giving a domain up: a challenge that is open, or the claim that one has led to."""

from directca.db.engine import Tx
from directca.vetting import domain_policy as policy
from directca.vetting import domain_store as store
from directca.vetting import evidence, organizations
from directca.vetting.domain_context import Domains
from directca.vetting.domain_errors import ChallengeSettled
from directca.vetting.domain_model import Challenge, ChallengeState, Claimant
from directca.vetting.domain_proof import own_challenge
from directca.vetting.errors import NoSuchClaim
from directca.vetting.evidence import Recording


def withdraw(domains: Domains, who: Claimant, challenge_id: str) -> None:
    """End what a challenge stands for. Certificates that were issued stay; the authority over the domain's mailboxes does not.

    Raises NoSuchChallenge, OrganizationState, and ChallengeSettled when nothing of it is left to be withdrawn.
    """
    by = domains.recording(who.actor)
    with domains.database.write() as tx:
        challenge = own_challenge(tx, who, challenge_id)
        held = evidence.held(tx, challenge.domain)
        if challenge.state is ChallengeState.OPEN:
            _close(tx, challenge, by)
        elif challenge.state is ChallengeState.MET and held is not None and held.id == challenge.claim_id:
            evidence.withdraw_domain(tx, challenge.organization_id, challenge.domain, by)
        else:
            raise ChallengeSettled(f"Nothing of this challenge for {challenge.domain} is left to be withdrawn.")


def withdraw_domain(tx: Tx, organization_id: str, domain: str, by: Recording) -> None:
    """End an organization's claim on a domain, and whatever it has open for it. Joins the caller's transaction.

    Raises NoSuchOrganization, OrganizationState, BadDirectName, NoSuchClaim.
    """
    opened = store.of_domain(tx, organization_id, policy.one_domain(domain))
    for challenge in opened:
        _close(tx, challenge, by)
    try:
        evidence.withdraw_domain(tx, organization_id, domain, by)
    except NoSuchClaim:
        if not opened:
            raise


def _close(tx: Tx, challenge: Challenge, by: Recording) -> None:
    about = organizations.require_open(tx, challenge.organization_id)
    store.move(tx, challenge, {"state": ChallengeState.WITHDRAWN, "settled_at": by.at})
    organizations.journal(
        tx, about, "domain.challenge_withdrawn", by.actor, by.at, domain=challenge.domain, challenge=challenge.id
    )
