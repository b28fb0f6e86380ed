"""What a met challenge leads to: the very claim on file that issuing asks for, written nowhere else but here.

Each function joins the caller's transaction.
"""

from directca.accounts import accounts
from directca.db.engine import Tx
from directca.vetting import domain_store as store
from directca.vetting import evidence, organizations
from directca.vetting.domain_errors import NoSuchChallenge
from directca.vetting.domain_model import Challenge, ChallengeState, Claimant
from directca.vetting.evidence import Recording
from directca.vetting.model import DomainClaim, Organization


def own_challenge(tx: Tx, who: Claimant, challenge_id: str) -> Challenge:
    """The challenge, if it is this claimant's. Raises NoSuchChallenge, for somebody else's as for none."""
    found = store.find(tx, challenge_id)
    if found is None or (who.account_id is not None and found.account_id != who.account_id):
        raise NoSuchChallenge("No domain was claimed under this identifier.")
    return found


def bound_organization(tx: Tx, challenge: Challenge) -> Organization:
    """The organization that the challenge is bound to, if it may still be given anything.

    Raises OrganizationState, AccountSuspended, and NoSuchChallenge when it is no longer the account's.
    """
    about = organizations.require_open(tx, challenge.organization_id)
    if about.account_id != challenge.account_id:
        raise NoSuchChallenge("No domain was claimed under this identifier.")
    accounts.require_active(tx, about.account_id)
    return about


def put_on_file(tx: Tx, challenge: Challenge, shown: str, by: Recording) -> DomainClaim:
    """Write the claim that a met challenge stands for, and that it is met. Raises DomainHeldElsewhere."""
    made = evidence.verify_domain(tx, challenge.organization_id, challenge.domain, challenge.method, shown, by)
    if not store.move(tx, challenge, {"state": ChallengeState.MET, "settled_at": by.at, "claim_id": made.id}):
        raise RuntimeError("a challenge changed under the hands of the one writer there is")
    return made
