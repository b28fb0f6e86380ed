"""Issue: a first pair of certificates for a Direct address or domain. `docs/flows/issue.md` tells the same story."""

from directca.certificates import register
from directca.certificates.model import Pair
from directca.clock import whole_second
from directca.issuance import keys, orders, pair, policy, preconditions
from directca.issuance.context import Issuance
from directca.issuance.decide import Question, decide
from directca.issuance.model import Application, Rehearsal, Verb
from directca.issuance.refusals import journalled
from directca.oauth import bearer, scopes
from directca.oauth.model import Principal


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

    # 1 authorise
    bearer.check_scope(principal, scopes.CERTIFICATE_ISSUE)

    # 2 validate
    years = policy.check_duration(application.duration_years, ca.policy.rules.durations_years)
    sent = keys.requested(application)
    name, key_pair = keys.of_new_subscriber(sent)
    keys.refuse_own(ca, key_pair)

    # 3 vet
    kind = application.organization_type
    with ca.database.read() as tx:
        before = orders.answered_before(tx, account_id, application.idempotency_key, request_digest)
        if before is not None:
            return before
        vetted = preconditions.vetted_for(tx, ca, account_id, name, kind, succeeds=False)
        policy.check_hints(application.hints, sent.values(), name.value, vetted)
        register.check_name_free(tx, account_id, name.value, now)
        register.check_keys(tx, name.value, key_pair.signing.spki_sha256, key_pair.encryption.spki_sha256)

    # 4 decide
    decision = decide(ca, Question(Verb.ISSUE, principal, application, name, key_pair, vetted, years, request_digest), now)

    # 5 rehearse, reserve
    rehearsals = pair.rehearse(ca, decision)
    if dry_run:
        return pair.outlook(ca, decision)
    with ca.database.write() as tx:
        preconditions.still(vetted, preconditions.vetted_for(tx, ca, account_id, name, kind, succeeds=False))
        pair.reserve(tx, ca, decision, rehearsals, principal.actor)
    # A crash here leaves an intent without a signature; reconcile revokes it and gives the money back.

    with pair.settled_on_failure(ca, decision, principal.actor):
        # 6 sign
        signed = pair.sign(ca, decision, rehearsals)
        # A crash here leaves an intent whose signatures nobody has seen; reconcile does the same with it.

        # 7 record
        with ca.database.write() as tx:
            return pair.record(tx, ca, decision, signed, principal.actor)
