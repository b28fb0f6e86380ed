"""What an organization, or the operator, sees of its domains: how each stands, and what was tried."""

from directca.accounts import permissions
from directca.vetting import actors, evidence, organizations
from directca.vetting import domain_policy as policy
from directca.vetting import domain_store as store
from directca.vetting.case_model import Actor
from directca.vetting.domain_context import Domains
from directca.vetting.domain_model import Attempt, Claimant, DomainView
from directca.vetting.domain_proof import own_challenge

MOST = 1000
"""How many are shown at once, the newest."""


def views(domains: Domains, who: Claimant) -> tuple[DomainView, ...]:
    """The claimant's domains: challenges with what they have led to, newest first, then claims that no challenge has made."""
    now, rules = domains.clock.now(), domains.rules.domains
    with domains.database.read() as tx:
        found = [
            DomainView(one.organization_id, name, one.domain, one.method, policy.standing(one, claim, rules, now), one, claim)
            for one, name, claim in store.listed(tx, who.account_id, MOST)
        ]
        known = {view.claim.id for view in found if view.claim is not None}
        mine = organizations.every(tx) if who.account_id is None else organizations.of_account(tx, who.account_id)
        for about in mine:
            for claim in evidence.claims(tx, about.id):
                if claim.id not in known:
                    stands = policy.standing(None, claim, rules, now)
                    name = about.facts.legal_name
                    found.append(DomainView(about.id, name, claim.domain, claim.method, stands, None, claim))
    return tuple(found)


def view(domains: Domains, who: Claimant, challenge_id: str) -> DomainView:
    """One of them, by its challenge. Raises NoSuchChallenge."""
    with domains.database.read() as tx:
        found = own_challenge(tx, who, challenge_id)
        claim = store.claim_of(tx, found)
        name = organizations.find(tx, found.organization_id).facts.legal_name
    stands = policy.standing(found, claim, domains.rules.domains, domains.clock.now())
    return DomainView(found.organization_id, name, found.domain, found.method, stands, found, claim)


def of_organization(domains: Domains, actor: Actor, organization_id: str) -> tuple[DomainView, ...]:
    """The domains of an organization of whichever account, for who decides about it. Raises DecidersOnly, NoSuchOrganization."""
    with domains.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_EVERY_CASE)
        account_id = organizations.find(tx, organization_id).account_id
    return tuple(one for one in views(domains, Claimant(actor.journalled, account_id)) if one.organization_id == organization_id)


def attempts(domains: Domains, who: Claimant, challenge_id: str) -> tuple[Attempt, ...]:
    """What was tried to meet a challenge and what was seen, newest first. Raises NoSuchChallenge."""
    with domains.database.read() as tx:
        return store.attempts(tx, own_challenge(tx, who, challenge_id).id, MOST)
