"""Issue: a first pair of certificates for a Direct address or domain. `docs/flows/issue.md` tells the same story."""

from directca.certificates import register
from directca.certificates.model import Pair
from directca.clock import whole_second
from directca.issuance import approval, keys, orders, pair, policy, preconditions
from directca.issuance.context import Issuance
from directca.issuance.decide import Question, decide
from directca.issuance.model import Application, Rehearsal, Verb
from directca.issuance.refusals import journalled
from directca.oauth import bearer, scopes
from directca.oauth.model import Principal
from directca.watch import step


def issue(ca: Issuance, principal: Principal, application: Application, *, dry_run: bool = False) -> Pair | Rehearsal:
    """Issue a signing and an encryption certificate for the name in the two certification requests.

    Both are issued or neither is, and they are paid for once. With `dry_run` every check is made, and nothing is stored, signed
    or charged. Raises a `DirectCAError` that says who must act; then nothing was charged.
    """
    with journalled(ca, principal, Verb.ISSUE):
        return _issue(ca, principal, application, dry_run=dry_run)


def _issue(ca: Issuance, principal: Principal, application: Application, *, dry_run: bool) -> Pair | Rehearsal:
    now = whole_second(ca.clock.now())
    account_id = principal.account_id
    request_digest = orders.digest(Verb.ISSUE, None, application)

    step(1, "authorise")
    bearer.check_scope(principal, scopes.CERTIFICATE_ISSUE)

    step(2, "validate")
    years = policy.check_term(application, ca.policy.rules.durations_years)
    orders.check_key(application.idempotency_key)
    sent = keys.requested(application)
    name, key_pair = keys.of_new_subscriber(sent)
    keys.refuse_own(ca, key_pair)

    step(3, "vet")
    with ca.database.read() as tx:
        before = None if dry_run else orders.answered_before(tx, account_id, application.idempotency_key, request_digest)
        if before is not None:
            return orders.promised_again(ca.database, before)
        asked = preconditions.asked(tx, ca)
        history = register.history(tx, name.value)
        vetting = preconditions.first_issue(asked, ca, account_id, name, application.organization_type, history)
        policy.check_hints(application.hints, sent.values(), name.value, vetting.vetted)
        history.check_free(account_id, now)

    step(4, "decide")
    question = Question(
        Verb.ISSUE, principal, application, name, key_pair, vetting.vetted, years, request_digest, gives_way=history.current
    )
    decision = decide(ca, question, now)
    given = approval.check(ca, principal, decision, dry_run=dry_run)

    step(5, "rehearse, reserve")
    rehearsals = pair.rehearse(ca, decision)
    if dry_run:
        return pair.outlook(ca, decision)
    with ca.database.write() as tx:
        pair.reserving(tx, ca, decision, vetting)(rehearsals, principal.actor, given)
    # A crash here leaves an intent without a signature; reconcile revokes it and gives the money back.

    with pair.settled_on_failure(ca, decision, principal.actor):
        step(6, "sign")
        signed = pair.sign(ca, decision, rehearsals)
        # A crash here leaves an intent whose signatures nobody has seen; reconcile does the same with it.

        step(7, "record")
        with ca.database.write() as tx:
            return pair.record(tx, ca, decision, signed, principal.actor)
