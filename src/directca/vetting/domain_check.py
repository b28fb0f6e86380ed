"""Looking for a domain's record now: for a challenge that is open, or to renew what it has shown before that ends.

`docs/flows/domain.md` tells the same story.
"""

from dataclasses import dataclass
from datetime import timedelta

from directca.db.engine import Tx
from directca.errors import DirectCAError
from directca.vetting import domain_policy as policy
from directca.vetting import domain_store as store
from directca.vetting import evidence
from directca.vetting.domain_context import Domains
from directca.vetting.domain_errors import DomainNotProven, TooManyDomainAttempts
from directca.vetting.domain_model import Attempt, AttemptKind, Challenge, Claimant, Outcome
from directca.vetting.domain_policy import Verdict
from directca.vetting.domain_proof import bound_organization, own_challenge, put_on_file
from directca.vetting.errors import DomainHeldElsewhere
from directca.vetting.evidence import Recording
from directca.vetting.model import DomainMethod
from directca.watch import step

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class _Looked:
    """What an attempt has come to, and why it was not enough."""

    outcome: Outcome
    refusal: DirectCAError | None = None


def check(domains: Domains, who: Claimant, challenge_id: str) -> None:
    """Look for the record; control is on file when this returns.

    Raises NoSuchChallenge, ChallengeSettled, ChallengeExpired, OrganizationState, AccountSuspended, TooManyDomainAttempts,
    DomainNotProven, and DomainHeldElsewhere when another organization's claim on the domain is good.
    """
    step(5, "begin")
    with domains.database.write() as tx:
        challenge, attempt = _begin(tx, domains, who, challenge_id)
    # A crash from here on leaves an attempt that has only begun, and nothing that anybody relies on.
    step(6, "look")
    views = domains.lookup.look(challenge.domain)
    step(7, "judge")
    verdict = policy.judge(views, domains.config.quorum, challenge.record)
    step(8, "record")
    with domains.database.write() as tx:
        looked = _recorded(tx, domains, who, attempt, verdict)
        store.end_attempt(tx, attempt.id, looked.outcome, policy.seen_by(views))
    if looked.refusal is not None:
        raise looked.refusal


def _begin(tx: Tx, domains: Domains, who: Claimant, challenge_id: str) -> tuple[Challenge, Attempt]:
    by = domains.recording(who.actor)
    challenge = own_challenge(tx, who, challenge_id)
    _require(tx, domains, challenge, by)
    rules = by.rules.domains
    last = store.last_attempt(tx, challenge.id, AttemptKind.LOOK)
    if last is not None and by.at < last + rules.look_wait:
        seconds = int((last + rules.look_wait - by.at).total_seconds()) + 1
        raise TooManyDomainAttempts(
            f"{challenge.domain} was looked at a moment ago. Wait {seconds} seconds.", retry_after=seconds
        )
    of_it, of_all = store.looks_since(tx, challenge, by.at - _HOUR)
    if of_it >= rules.looks_per_hour or of_all >= rules.organization_looks_per_hour:
        raise TooManyDomainAttempts("Records were looked for too often. Wait an hour, then go on.", retry_after=3600)
    attempt = Attempt(by.identifier(), challenge.id, challenge.domain, AttemptKind.LOOK, Outcome.BEGUN, {}, by.actor, by.at)
    store.add_attempt(tx, attempt)
    return challenge, attempt


def _recorded(tx: Tx, domains: Domains, who: Claimant, attempt: Attempt, verdict: Verdict) -> _Looked:
    """What the look has led to, by what is true now: the challenge may have been withdrawn, or have run out, meanwhile."""
    if not verdict.proven:
        refusal = DomainNotProven(f"Control of {attempt.domain} is not shown yet. {verdict.why} Then check again.")
        return _Looked(Outcome.NOT_PROVEN, refusal)
    by = domains.recording(who.actor)
    try:
        challenge = own_challenge(tx, who, attempt.challenge_id)
        _require(tx, domains, challenge, by)
        put_on_file(tx, challenge, verdict.evidence, by)
    except DomainHeldElsewhere as error:
        return _Looked(Outcome.HELD_ELSEWHERE, error)
    except DirectCAError as error:
        return _Looked(Outcome.TOO_LATE, error)
    return _Looked(Outcome.PROVEN)


def _require(tx: Tx, domains: Domains, challenge: Challenge, by: Recording) -> None:
    policy.claimable(challenge.domain, domains.config.refused)
    policy.method_is(challenge, DomainMethod.DNS_TXT, "Enter the code that was mailed.")
    bound_organization(tx, challenge)
    policy.require_lookable(challenge, evidence.held(tx, challenge.domain), by.rules.domains, by.at)


def is_due(domains: Domains) -> bool:
    """Whether a record must be looked for again."""
    return bool(_due(domains, most=1))


@dataclass(frozen=True)
class Renewed:
    """What came of looking again: how many domains were looked at, and those whose control was not shown, with why."""

    looked_at: int
    not_shown: tuple[tuple[str, DirectCAError], ...]


def renew_due(domains: Domains, actor: str, *, most: int) -> Renewed:
    """Look again for the records of claims that end soon, the first to end first. Whoever is not renewed stays verified until the
    end of the claim, and is looked at again after a while."""
    due, not_shown = _due(domains, most=most), []
    for challenge in due:
        try:
            check(domains, Claimant(actor, None), challenge.id)
        except DirectCAError as error:
            _keep_refusal(domains, challenge, error, actor)
            not_shown.append((challenge.domain, error))
    return Renewed(len(due), tuple(not_shown))


def _keep_refusal(domains: Domains, challenge: Challenge, error: DirectCAError, actor: str) -> None:
    """Write down that nobody was asked, if so: what is refused before a look, as of a suspended account, waits its turn too."""
    by = domains.recording(actor)
    with domains.database.write() as tx:
        last = store.last_attempt(tx, challenge.id, AttemptKind.LOOK)
        if last is None or last <= by.at - by.rules.domains.renew_wait:
            seen = {"refused": error.slug}
            store.add_attempt(
                tx,
                Attempt(
                    by.identifier(), challenge.id, challenge.domain, AttemptKind.LOOK, Outcome.NOT_PROVEN, seen, actor, by.at
                ),
            )


def _due(domains: Domains, *, most: int) -> tuple[Challenge, ...]:
    now, rules = domains.clock.now(), domains.rules.domains
    with domains.database.read() as tx:
        return store.to_renew(tx, now=now, ends_by=now + rules.renew_before, not_since=now - rules.renew_wait, limit=most)
