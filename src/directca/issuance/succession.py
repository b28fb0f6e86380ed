"""Reissue and renew, as far as they are one story: a pair that takes the place of another under the same name."""

from directca.certificates import register
from directca.certificates.model import Pair
from directca.clock import whole_second
from directca.direct.names import DirectName
from directca.issuance import approval, keys, orders, pair, policy, preconditions
from directca.issuance.context import Issuance
from directca.issuance.decide import Question, decide
from directca.issuance.model import Application, Rehearsal, Verb
from directca.issuance.refusals import journalled
from directca.oauth import bearer, scopes
from directca.oauth.model import Principal
from directca.watch import step


def succeed(
    ca: Issuance, principal: Principal, verb: Verb, name: DirectName, application: Application, *, dry_run: bool
) -> Pair | Rehearsal:
    """Issue the successor of the pair that `name` stands for. Promises and refusals are those of `issue`."""
    with journalled(ca, principal, verb, name.value):
        return _succeed(ca, principal, verb, name, application, dry_run=dry_run)


def _succeed(
    ca: Issuance, principal: Principal, verb: Verb, name: DirectName, application: Application, *, dry_run: bool
) -> Pair | Rehearsal:
    now, account_id = whole_second(ca.clock.now()), principal.account_id
    request_digest = orders.digest(verb, name.value, application)

    step(1, "authorise")
    bearer.check_scope(principal, scopes.CERTIFICATE_ISSUE)

    step(2, "validate")
    orders.check_key(application.idempotency_key)
    sent = keys.requested(application)
    if verb is Verb.RENEW:
        policy.check_term(application, ca.policy.rules.durations_years)

    step(3, "vet")
    with ca.database.read() as tx:
        before = None if dry_run else orders.answered_before(tx, account_id, application.idempotency_key, request_digest)
        if before is not None:
            return orders.promised_again(ca.database, before)
        asked = preconditions.asked(tx, ca)
        predecessor = register.history(tx, name.value).of_account(account_id)[0]
        policy.check_renewable(verb, predecessor, now)
        years = policy.years(verb, application.duration_years, predecessor)
        kind = preconditions.hinted_type(application, predecessor.organization_type)
        vetting = preconditions.succession(asked, ca, account_id, name, kind)
        policy.check_hints(application.hints, sent.values(), name.value, vetting.vetted)
        key_pair = keys.of_successor(sent, register.pair_of(tx, predecessor))
        keys.refuse_own(ca, key_pair)

    step(4, "decide")
    question = Question(verb, principal, application, name, key_pair, vetting.vetted, years, request_digest, predecessor)
    decision = decide(ca, question, now)
    given = approval.check(ca, principal, decision, predecessor, dry_run=dry_run)

    step(5, "rehearse, reserve")
    rehearsals = pair.rehearse(ca, decision)
    if dry_run:
        return pair.outlook(ca, decision)
    with ca.database.write() as tx:
        pair.reserving(tx, ca, decision, vetting)(rehearsals, principal.actor, given)
    # A crash here leaves an intent without a signature; reconcile revokes it, and the predecessor stays as it was.

    with pair.settled_on_failure(ca, decision, principal.actor):
        step(6, "sign")
        signed = pair.sign(ca, decision, rehearsals)

        step(7, "record")
        with ca.database.write() as tx:
            return pair.record(tx, ca, decision, signed, principal.actor)
