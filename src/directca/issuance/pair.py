"""Steps 5 to 7 of the issuing verbs, which issue, reissue and renew have in common: rehearse and reserve, sign, record.

What is linted, stored as intent, signed and compared is one string of bytes per certificate, the TBSCertificate: it is encoded
once, in `rehearse`, and handed on from there.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from directca.accounts import ledger
from directca.accounts.errors import InsufficientBalance
from directca.certificates import register, switch
from directca.certificates.errors import StateChanged
from directca.certificates.model import Certificate, Pair, Record, Usage
from directca.clock import whole_second
from directca.db.engine import Tx
from directca.issuance import approval, orders, preconditions, quotas
from directca.issuance.context import Issuance
from directca.issuance.model import Decision, Rehearsal
from directca.issuance.preconditions import Vetting
from directca.journal.model import Event
from directca.journal.record import append, appending
from directca.pki import templates
from directca.pki.lints.certificate import examine_pair, stop_on
from directca.signing.rehearsal import Rehearsed, placeholder_signature, rehearse_certificate
from directca.vetting.proposal_model import Proposal

Rehearsals = Mapping[Usage, Rehearsed]
"""The one-shot tokens of a pair, each holding the exact bytes that were linted."""


def rehearse(ca: Issuance, decision: Decision) -> Rehearsals:
    """Encode both certificates, once, and lint those bytes. Raises LintFailed; then nothing was stored or signed."""
    issuer = ca.authority.issuer
    rehearsals = {
        usage: rehearse_certificate(templates.encode(template, issuer, ca.policy), template, issuer, ca.policy)
        for usage, template in decision.templates.items()
    }
    placeholder = placeholder_signature(issuer)
    stop_on(examine_pair(*(templates.assemble(one.to_be_signed, placeholder) for one in rehearsals.values())))
    return rehearsals


def outlook(ca: Issuance, decision: Decision) -> Rehearsal:
    """What the verb would do: the answer of a dry run, whose lint passed."""
    with ca.database.read() as tx:
        switch.check(tx)
        _quotas_asked(tx, ca, decision)()
        register.check_keys(tx, decision.name.value, *_digests(decision))
        available = ledger.balance(tx, decision.order.account_id).available
    if decision.order.amount > available:
        missing = ledger.money(decision.order.amount - available)
        raise InsufficientBalance(f"The price is {ledger.money(decision.order.amount)}; {missing} are missing on the account.")
    intent = decision.intent
    return Rehearsal(
        identifier=intent.identifier,
        kind=intent.kind,
        subject_dn=intent.subject_dn,
        issuer_dn=intent.issuer_dn,
        organization_type=intent.organization_type,
        not_before=intent.not_before,
        not_after=intent.not_after,
        duration_years=intent.duration_years,
        amount=decision.order.amount,
        currency=decision.order.currency,
        available=available,
    )


class Reserving(Protocol):
    """What is to be asked before a reservation has been asked for."""

    def __call__(self, rehearsals: Rehearsals, actor: str, given: Proposal | None = None) -> None:
        """Judge the answers, store the intent with its exact bytes and set the price aside, in the caller's one commit, and use
        an approval up.

        From here on a crash leaves an intent, which `reconcile` settles.
        """


def reserving(tx: Tx, ca: Issuance, decision: Decision, vetting: Vetting) -> Reserving:
    """Ask at once for all that a reservation depends on; what was vetted comes first."""
    facts = preconditions.asked(tx, ca)
    signing_allowed, within_quotas = switch.asked(tx), _quotas_asked(tx, ca, decision)
    keys_free = register.keys_asked(tx, decision.name.value, *_digests(decision))

    def reserve(rehearsals: Rehearsals, actor: str, given: Proposal | None = None) -> None:
        preconditions.still_true(facts, ca, vetting)
        signing_allowed()
        approval.use(tx, ca, given, decision)
        within_quotas()
        keys_free()
        _reserve(tx, ca, decision, rehearsals, actor)

    return reserve


def _reserve(tx: Tx, ca: Issuance, decision: Decision, rehearsals: Rehearsals, actor: str) -> None:
    now = ca.clock.now()
    journal = appending(tx)  # behind the row of an approval that was used
    opened = orders.opening(tx, decision.order, decision.order.created_at)
    ca.distribution.note(tx, decision.templates[Usage.SIGNING].serial, now)
    intended = _certificates(ca, decision, rehearsals, {})
    register.reserve(tx, decision.intent, intended, decision.gives_way, decision.order.created_at)
    opened()
    journal(
        Event(
            "certificate.intended",
            actor,
            f"record:{decision.intent.id}",
            account_id=decision.intent.account_id,
            detail={
                "identifier": decision.intent.identifier,
                "order": decision.order.id,
                "verb": decision.order.verb.value,
                "price_cents": decision.order.amount,
                "signing_serial": decision.intent.signing_serial,
                "encryption_serial": decision.intent.encryption_serial,
                "signing_tbs_sha256": rehearsals[Usage.SIGNING].sha256,
                "encryption_tbs_sha256": rehearsals[Usage.ENCRYPTION].sha256,
                "policy": decision.order.policy_version,
                "policy_sha256": decision.order.policy_sha256,
            },
        ),
        at=now,
    )


def sign(ca: Issuance, decision: Decision, rehearsals: Rehearsals) -> tuple[Certificate, ...]:
    """Sign both certificates. No transaction is open; the bytes signed are the bytes linted, since the token holds them."""
    signatures = ca.authority.sign_all(tuple(rehearsals.values()))
    signed = {
        usage: templates.assemble(token.to_be_signed, signature)
        for (usage, token), signature in zip(rehearsals.items(), signatures, strict=True)
    }
    return _certificates(ca, decision, rehearsals, signed)


def record(tx: Tx, ca: Issuance, decision: Decision, signed: tuple[Certificate, ...], actor: str) -> Pair:
    """Store the pair, take the money, link predecessor and successor, journal it: in the caller's one commit."""
    now = ca.clock.now()
    completed = register.complete(
        tx, decision.intent, signed, now=max(whole_second(now), decision.intent.created_at), old_revoke_at=decision.old_revoke_at
    )
    captured, journal = orders.capturing(tx, decision.order.id, now), appending(tx)
    done = completed()
    captured()
    events = [
        Event(
            "certificate.issued",
            actor,
            f"record:{done.id}",
            account_id=done.account_id,
            detail={
                "identifier": done.identifier,
                "order": done.order_id,
                "signing_serial": done.signing_serial,
                "encryption_serial": done.encryption_serial,
                "not_after": done.not_after.isoformat(),
            },
        )
    ]
    if done.supersedes is not None:
        events.append(
            Event(
                "certificate.superseded",
                actor,
                f"record:{done.supersedes}",
                account_id=done.account_id,
                detail={
                    "identifier": done.identifier,
                    "superseded_by": done.id,
                    "revoked_at_once": decision.old_revoke_at is not None and decision.old_revoke_at <= done.updated_at,
                },
            )
        )
    journal(*events, at=now)
    return Pair(done, *signed)


def settle(ca: Issuance, intent: Record, *, actor: str) -> Record | None:
    """End an intent that came to nothing: revoke it, free its name, money and approval, in one commit; None if it has ended.

    Called when signing or recording failed, and for what a crash left: both run this same code.
    """
    now = ca.clock.now()
    try:
        with ca.database.write() as tx:
            done = register.settle(tx, intent, whole_second(now))
            orders.release(tx, intent.order_id, now)
            approval.give_back(tx, intent, now)
            append(
                tx,
                Event(
                    "certificate.settled",
                    actor,
                    f"record:{intent.id}",
                    account_id=intent.account_id,
                    detail={
                        "identifier": intent.identifier,
                        "signing_serial": intent.signing_serial,
                        "encryption_serial": intent.encryption_serial,
                    },
                ),
                at=now,
            )
    except StateChanged:
        return None
    return done


@contextmanager
def settled_on_failure(ca: Issuance, decision: Decision, actor: str) -> Iterator[None]:
    """Settle the intent at once when signing or recording raises, instead of leaving it to the next reconcile."""
    try:
        yield
    except Exception:
        settle(ca, decision.intent, actor=actor)
        raise


def _quotas_asked(tx: Tx, ca: Issuance, decision: Decision) -> Callable[[], None]:
    order = decision.order
    return quotas.asked(tx, ca.quotas, ca.authority_id, order.account_id, order.verb, ca.clock.now())


def _certificates(
    ca: Issuance, decision: Decision, rehearsals: Rehearsals, signed: Mapping[Usage, bytes]
) -> tuple[Certificate, Certificate]:
    """The pair as the register keeps it: the exact bytes to be signed until they are, the certificate from then on."""
    signing, encryption = (
        Certificate(
            authority_id=ca.authority_id,
            serial=f"{decision.templates[usage].serial:x}",
            record_id=decision.intent.id,
            usage=usage,
            modulus_sha256=digest,
            tbs_sha256=rehearsals[usage].sha256,
            tbs=None if usage in signed else rehearsals[usage].to_be_signed,
            der=signed.get(usage),
            crl_partition=ca.distribution.partition(decision.templates[Usage.SIGNING].serial),
        )
        for usage, digest in zip((Usage.SIGNING, Usage.ENCRYPTION), _digests(decision), strict=True)
    )
    return signing, encryption


def _digests(decision: Decision) -> tuple[str, str]:
    return decision.keys.signing.modulus_sha256, decision.keys.encryption.modulus_sha256
