"""Entering the code that was mailed. `docs/flows/domain.md` tells the same story."""

from dataclasses import replace

from directca.db.engine import Tx
from directca.errors import DirectCAError
from directca.vetting import domain_policy as policy
from directca.vetting import domain_store as store
from directca.vetting import organizations
from directca.vetting.domain_context import Domains
from directca.vetting.domain_errors import WrongCode
from directca.vetting.domain_model import Attempt, AttemptKind, Challenge, ChallengeState, Claimant, Outcome
from directca.vetting.domain_proof import bound_organization, own_challenge, put_on_file
from directca.vetting.errors import DomainHeldElsewhere
from directca.vetting.evidence import Recording
from directca.vetting.model import DomainMethod
from directca.watch import step


def confirm(domains: Domains, who: Claimant, challenge_id: str, code: str) -> None:
    """Try a code; control is on file when this returns. Each try counts, and is counted before the code is looked at: all of it
    is one transaction, and there is one writer at a time.

    Raises NoSuchChallenge, ChallengeSettled, ChallengeExpired, OrganizationState, AccountSuspended, WrongCode, and
    DomainHeldElsewhere when another organization's claim on the domain is good; the code is used all the same.
    """
    by = domains.recording(who.actor)
    with domains.database.write() as tx:
        step(9, "count")
        challenge = _counted(tx, domains, who, challenge_id, by)
        step(10, "compare")
        if policy.code_is_right(challenge, code):
            step(11, "record")
            outcome, refusal = _right(tx, challenge, by)
        else:
            outcome, refusal = Outcome.NOT_PROVEN, _wrong(tx, challenge, by)
        seen = {"try": challenge.tries, "of": by.rules.domains.code_tries}
        store.add_attempt(
            tx, Attempt(by.identifier(), challenge.id, challenge.domain, AttemptKind.CODE, outcome, seen, by.actor, by.at)
        )
    if refusal is not None:
        raise refusal


def _counted(tx: Tx, domains: Domains, who: Claimant, challenge_id: str, by: Recording) -> Challenge:
    challenge = own_challenge(tx, who, challenge_id)
    policy.claimable(challenge.domain, domains.config.refused)
    policy.method_is(challenge, DomainMethod.ROLE_ADDRESS, "Publish the record and have it looked for.")
    bound_organization(tx, challenge)
    policy.require_open(challenge, by.at)
    counted = replace(challenge, tries=challenge.tries + 1)
    if not store.move(tx, challenge, {"tries": counted.tries}):
        raise RuntimeError("a challenge changed under the hands of the one writer there is")
    return counted


def _right(tx: Tx, challenge: Challenge, by: Recording) -> tuple[Outcome, DirectCAError | None]:
    try:
        put_on_file(tx, challenge, f"code mailed to {challenge.recipient}", by)
    except DomainHeldElsewhere as error:
        _fail(tx, challenge, error.slug, by)
        return Outcome.HELD_ELSEWHERE, error
    return Outcome.PROVEN, None


def _wrong(tx: Tx, challenge: Challenge, by: Recording) -> DirectCAError:
    left = by.rules.domains.code_tries - challenge.tries
    if left > 0:
        return WrongCode(f"This is not the code. Tries left: {left}.", field="code")
    _fail(tx, challenge, WrongCode.slug, by)
    return WrongCode("This is not the code, and no try is left. Claim the domain again for a new code.", field="code")


def _fail(tx: Tx, challenge: Challenge, why: str, by: Recording) -> None:
    store.move(tx, challenge, {"state": ChallengeState.FAILED, "settled_at": by.at})
    about = organizations.find(tx, challenge.organization_id)
    organizations.journal(
        tx, about, "domain.challenge_failed", by.actor, by.at, domain=challenge.domain, challenge=challenge.id, why=why
    )
