"""Step 4 of the issuing verbs: from what was asked and what was vetted to two exact templates and an intent, or a refusal."""

from dataclasses import dataclass, replace
from datetime import datetime

from directca.accounts.prices import Purchase
from directca.certificates.model import Record, State, Usage
from directca.direct.names import DirectName
from directca.issuance import policy
from directca.issuance.context import Issuance
from directca.issuance.keys import ENCRYPTION_FIELD, SIGNING_FIELD
from directca.issuance.model import Application, Decision, KeyPair, Order, OrderState, Verb
from directca.oauth.model import Principal
from directca.pki import templates
from directca.pki.distinguished_names import as_text
from directca.pki.errors import WeakKey
from directca.pki.keys import check_quality
from directca.pki.templates import Subject, Template
from directca.vetting.model import Vetted


@dataclass(frozen=True)
class Question:
    """Everything that a decision rests on. `predecessor` is the pair to be succeeded; None for a first issue, which may take the
    name of an ended one, `gives_way`."""

    verb: Verb
    principal: Principal
    application: Application
    name: DirectName
    keys: KeyPair
    vetted: Vetted
    years: int
    request_digest: str
    predecessor: Record | None = None
    gives_way: Record | None = None


def decide(ca: Issuance, question: Question, now: datetime) -> Decision:
    """The two templates, the intent and the order. The pair differs in key, serial and key usage alone.

    Raises WeakKey, OutlivesIssuer, OutlivesProofing, NoPrice.
    """
    not_after = _not_after(ca, question, now)
    policy.check_lifetime(
        not_after, issuer_not_after=ca.authority.issuer.not_after, proofing_ends=question.vetted.not_after_limit
    )
    _check_keys(ca, question, not_after)
    subject = _subject(question.vetted, question.name)
    signing = _template(ca, question, subject, (now, not_after))
    encryption = replace(
        signing, profile="encryption", serial=templates.new_serial(ca.random), spki_der=question.keys.encryption.spki_der
    )
    pair = {Usage.SIGNING: signing, Usage.ENCRYPTION: encryption}
    order = _order(ca, question, now)
    return Decision(
        name=question.name,
        intent=_intent(ca, question, order, pair, subject),
        order=order,
        keys=question.keys,
        templates=pair,
        old_revoke_at=_old_revoke_at(ca, question, now),
        gives_way=question.gives_way,
    )


def _check_keys(ca: Issuance, question: Question, not_after: datetime) -> None:
    """Raise WeakKey, which blames the request that brought the key; none, where the predecessor's is certified again."""
    sent = question.application
    for key, csr, field in (
        (question.keys.signing, sent.signing_csr, SIGNING_FIELD),
        (question.keys.encryption, sent.encryption_csr, ENCRYPTION_FIELD),
    ):
        try:
            check_quality(key, rules=ca.policy.keys, not_after=not_after, blocked=ca.blocked_keys)
        except WeakKey as error:
            error.field = None if csr is None else field
            raise


def _not_after(ca: Issuance, question: Question, now: datetime) -> datetime:
    if question.verb is Verb.REISSUE and question.predecessor is not None:
        return question.predecessor.not_after  # otherwise a free reissue would be a free renewal
    return templates.not_after(now, years=question.years, maximum=ca.policy.profile("signing").maximum)


def _old_revoke_at(ca: Issuance, question: Question, now: datetime) -> datetime | None:
    """A reissue ends its predecessor after the overlap; a renewal leaves it to expire."""
    if question.verb is not Verb.REISSUE:
        return None
    return now if question.application.revoke_immediately else now + ca.policy.rules.overlap


def _subject(vetted: Vetted, name: DirectName) -> Subject:
    return Subject(
        country=vetted.country,
        state=vetted.state,
        locality=vetted.locality,
        organization=vetted.legal_name,
        organizational_units=vetted.organizational_units,
        common_name=name.value,
    )


def _template(ca: Issuance, question: Question, subject: Subject, validity: tuple[datetime, datetime]) -> Template:
    """The signing certificate's. The other is identical but for key, serial and key usage; so both name one list."""
    category = question.vetted.organization_type.category
    serial = templates.new_serial(ca.random)
    return Template(
        profile="signing",
        serial=serial,
        subject=subject,
        direct_name=question.name,
        spki_der=question.keys.signing.spki_der,
        not_before=validity[0],
        not_after=validity[1],
        policies=ca.policy.assertions.for_end_entity(assurance=ca.config.assurance, category=category),
        addresses=ca.distribution.of(serial),
        policy_version=ca.policy.version,
        policy_sha256=ca.policy.sha256,
    )


def _order(ca: Issuance, question: Question, now: datetime) -> Order:
    amount = 0
    if question.verb is not Verb.REISSUE:
        amount = ca.prices.price(question.name.kind, Purchase(question.verb.value), question.years)
    return Order(
        id=_new_id(ca, now),
        account_id=question.principal.account_id,
        verb=question.verb,
        identifier=question.name.value,
        kind=question.name.kind,
        duration_years=question.years,
        amount=amount,
        currency=ca.prices.currency,
        state=OrderState.AUTHORIZED,
        record_id=_new_id(ca, now),
        policy_version=ca.policy.version,
        policy_sha256=ca.policy.sha256,
        idempotency_key=question.application.idempotency_key,
        request_digest=question.request_digest,
        created_at=now,
        updated_at=now,
    )


def _new_id(ca: Issuance, now: datetime) -> str:
    """32 hex digits: the second, then 96 random bits, so that in every index what is made together lies together."""
    return f"{int(now.timestamp()):08x}{ca.random(12).hex()}"


def _intent(ca: Issuance, question: Question, order: Order, pair: dict[Usage, Template], subject: Subject) -> Record:
    return Record(
        id=order.record_id,
        account_id=order.account_id,
        organization_id=question.vetted.organization_id,
        identifier=question.name.value,
        kind=question.name.kind,
        organization=question.vetted.legal_name,
        organization_type=question.vetted.organization_type.value,
        subject_dn=as_text(subject),
        issuer_dn=ca.issuer_dn,
        authority_id=ca.authority_id,
        state=State.INTENDED,
        not_before=pair[Usage.SIGNING].not_before,
        not_after=pair[Usage.SIGNING].not_after,
        duration_years=order.duration_years,
        order_id=order.id,
        signing_serial=f"{pair[Usage.SIGNING].serial:x}",
        encryption_serial=f"{pair[Usage.ENCRYPTION].serial:x}",
        created_at=order.created_at,
        updated_at=order.created_at,
        current=question.predecessor is None,
        supersedes=None if question.predecessor is None else question.predecessor.id,
    )
