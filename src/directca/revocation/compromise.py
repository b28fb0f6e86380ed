"""A key is reported as compromised, with a proof: everything with that key is revoked at once, and it is never certified again.

Anybody may report, without an account: who can sign with the key has it, and that is all that matters. The key of an OCSP
responder is no exception: with it anybody could say *good* of every certificate, and nobody checks a responder's own
(ocsp-nocheck, RFC 6960 4.2.2.2.1).
`docs/flows/report-compromise.md` tells the same story.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from directca.accounts import limits
from directca.accounts.config import LimitConfig
from directca.accounts.limits import Counted
from directca.accounts.people_errors import TooManyAttempts
from directca.certificates import register, selection
from directca.certificates.model import Record
from directca.clock import rfc3339, whole_second
from directca.db.engine import Tx
from directca.errors import DirectCAError
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki import compromise as proofs
from directca.pki import keys
from directca.pki.certificate_keys import spki_of
from directca.pki.compromise import Proof
from directca.pki.errors import BadProof
from directca.pki.keys import RsaKey
from directca.pki.reasons import RevocationReason
from directca.revocation import compromise_store as store
from directca.revocation import crl, policy, responders
from directca.revocation.authority_errors import BadInvalidityDate
from directca.revocation.compromise_errors import TooManyReports
from directca.revocation.compromise_model import Claim, Report, SignedMessage
from directca.revocation.context import Revocation
from directca.revocation.responder_model import ResponderEntry
from directca.revocation.responders import Responding
from directca.revocation.revoke import Application, moved

ACTOR = "reporter:anonymous"
_REASON = RevocationReason.KEY_COMPROMISE


@dataclass(frozen=True)
class Desk:
    """Where reports are taken: the name that a signed message must address, how many one address may send, and what another
    responder is made with when the only one's key is reported."""

    name: str
    limits: LimitConfig
    responding: Responding
    random: Callable[[int], bytes] = secrets.token_bytes


@dataclass(frozen=True)
class _Found:
    """What has the key."""

    records: tuple[Record, ...]
    responders: tuple[ResponderEntry, ...]


@dataclass(frozen=True)
class _Made:
    """What was revoked now, and the journal's rows about it."""

    records: tuple[Record, ...]
    responders: tuple[ResponderEntry, ...]
    events: tuple[Event, ...]

    @property
    def authority_ids(self) -> frozenset[str]:
        """The authorities whose lists changed."""
        return frozenset((*(one.authority_id for one in self.records), *(one.authority_id for one in self.responders)))


def report(ca: Revocation, desk: Desk, claim: Claim, address: str) -> Report:
    """Judge a claim and act on it. The CRL that shows it is published before this returns; if that fails, it stays due. So does
    another responder.

    Raises TooManyReports, BadProof, BadInvalidityDate.
    """
    # 1 limit
    counted = _limit(ca, desk, address)
    # A crash from here on leaves a report that counts though nothing came of it; it is forgotten within the hour.

    # 2 verify
    proof = _verified(ca, desk, claim)

    with ca.database.write() as tx:
        now = ca.clock.now()

        # 3 find
        found = _certified(tx, ca, proof)
        _check_exponent(tx, ca, proof, found)
        _check_date(claim.invalidity_date, found, now)

        # 4 record
        made = _revoke(tx, found, claim.invalidity_date, now)
        fresh = selection.block_key(tx, proof.key.modulus_sha256, now)
        done = _report(ca, desk, proof, found, made)
        if made.events or fresh or not store.known(tx, proof.key.modulus_sha256):
            store.add(tx, done, _evidence(claim, proof))
            append(tx, _event(done, claim, address), *made.events, at=now)
        if done.is_certified and (made.events or fresh):
            limits.give_back(tx, counted, now)
    # A crash here leaves revocations that no CRL shows yet, and perhaps nobody who answers OCSP, which is better than answers
    # that anybody could have signed; upkeep mends both within seconds.

    # 5 publish
    crl.bring_up_to_date(ca, made.authority_ids, actor=ACTOR)

    # 6 replace
    return replace(done, unanswered=_replace_responder(desk, made.responders))


def _limit(ca: Revocation, desk: Desk, address: str) -> Counted:
    now = ca.clock.now()
    wanted = limits.reports_from(desk.limits, address)
    try:
        with ca.database.read() as tx:
            limits.check(tx, wanted, desk.limits, now)
        with ca.database.write() as tx:
            return limits.spend(tx, wanted, desk.limits, now)
    except TooManyAttempts as error:
        raise TooManyReports(
            f"Too many reports came from your address. Wait {error.retry_after} seconds; for many keys write to the authority.",
            retry_after=error.retry_after,
        ) from error


def _verified(ca: Revocation, desk: Desk, claim: Claim) -> Proof:
    sent = claim.proof
    if not isinstance(sent, SignedMessage):
        return proofs.read_request(sent, field="proof.pkcs10Data")
    return proofs.check_message(_key(ca, sent), sent.message, sent.signature, sent.algorithm, desk.name)


def _key(ca: Revocation, sent: SignedMessage) -> RsaKey:
    if sent.public_key is not None:
        return proofs.read_public_key(sent.public_key, field="proof.publicKey")
    with ca.database.read() as tx:
        responder = responders.with_serial(tx, ca.authorities, sent.serial or "")
        certificate = selection.certificate_of(tx, sent.serial or "") if responder is None else responder.der
    if certificate is None:
        raise BadProof("No certificate with this serial was issued here. Send the public key itself.", field="proof.serial")
    return proofs.public_key(spki_of(certificate), field="proof.serial")


def _certified(tx: Tx, ca: Revocation, proof: Proof) -> _Found:
    """Every pair and every responder in which the key is certified. A pair's intent whose signature is being made at this moment
    is none of them: once the key is blocked, it is settled as revoked instead of becoming a pair. A responder's intent is."""
    pairs = (register.by_id(tx, record_id) for record_id in selection.key_uses(tx, proof.key.modulus_sha256))
    return _Found(
        tuple(one for one in pairs if one is not None and one.position is not None),
        responders.with_key(tx, ca.authorities, proof.key.modulus_sha256),
    )


def _check_exponent(tx: Tx, ca: Revocation, proof: Proof, found: _Found) -> None:
    """A signature is worth what the exponent is that verifies it, and the reporter sent that one. Where the modulus is certified
    here only an exponent that was certified proves anything; who knows the factors can sign for it."""
    pairs = (register.pair_of(tx, one) for one in found.records)
    certificates = (one.der for pair in pairs for one in (pair.signing, pair.encryption))
    certified = (
        *(one.issuer.spki_der for one in ca.authorities.values()),
        *(responders.spki(one) for one in found.responders),
        *(spki_of(one) for one in certificates if one is not None),
    )
    exponents = {key.exponent for key in map(keys.read_spki, certified) if key.modulus == proof.key.modulus}
    if exponents and proof.key.exponent not in exponents:
        raise BadProof(
            "The key is certified here with another public exponent. Sign with the key as it is certified.", field="proof"
        )


def _check_date(moment: datetime | None, found: _Found, now: datetime) -> None:
    """RFC 5280 5.3.2: a key cannot have been suspect before it was first certified, nor from tomorrow on."""
    policy.check_invalidity_date(moment, now)
    certified_from = [*(one.not_before for one in found.records), *(one.not_before for one in found.responders)]
    if moment is not None and certified_from and moment < min(certified_from):
        raise BadInvalidityDate("The key was not certified yet at that moment. Leave the date out.", field="invalidityDate")


def _revoke(tx: Tx, found: _Found, since: datetime | None, now: datetime) -> _Made:
    """Revoke each pair that has not expired, or raise its reason; either key of a pair ends both, and both are blocked. And each
    responder that has not expired."""
    wanted = Application(_REASON, ACTOR, None if since is None else whole_second(since))
    pairs = [moved(tx, one, wanted, now) for one in found.records if policy.outcome(one, _REASON, now) in policy.EFFECTIVE]
    living = [one for one in found.responders if one.not_after >= now]
    ends = [(one, responders.ended(tx, one, _REASON, now, actor=ACTOR)) for one in living]
    return _Made(
        tuple(record for record, _ in pairs),
        tuple(entry for entry, event in ends if event is not None),
        (*(event for _, event in pairs), *(event for _, event in ends if event is not None)),
    )


def _replace_responder(desk: Desk, revoked: tuple[ResponderEntry, ...]) -> str | None:
    """Let another answer where nobody is left. Why that cannot be now, if so: it undoes nothing, and upkeep tries again."""
    try:
        for authority_id in sorted({one.authority_id for one in revoked} & set(desk.responding.addresses)):
            responders.make_if_none(desk.responding, authority_id, actor=ACTOR)
    except DirectCAError as error:
        return error.slug
    return None


def _report(ca: Revocation, desk: Desk, proof: Proof, found: _Found, made: _Made) -> Report:
    own = {keys.read_spki(one.issuer.spki_der).modulus_sha256 for one in ca.authorities.values()}
    now = ca.clock.now()
    return Report(
        id=f"{int(now.timestamp()):08x}{desk.random(12).hex()}",
        modulus_sha256=proof.key.modulus_sha256,
        spki_sha256=proof.key.spki_sha256,
        method="message" if proof.request_der is None else "pkcs10",
        reported_at=now,
        reporter=ACTOR,
        is_certified=bool(found.records or found.responders),
        revoked=len(made.records),
        is_of_authority=proof.key.modulus_sha256 in own,
        responders=tuple(one.serial for one in made.responders),
    )


def _evidence(claim: Claim, proof: Proof) -> bytes:
    """What an auditor verifies the proof with once more."""
    if not isinstance(claim.proof, SignedMessage):
        assert proof.request_der is not None  # that is what was sent
        return proof.request_der
    return json.dumps({**asdict(claim.proof), "spki_der": proof.key.spki_der.hex()}, ensure_ascii=True).encode("ascii")


def _event(done: Report, claim: Claim, address: str) -> Event:
    detail: dict[str, Fact] = {
        "report": done.id,
        "method": done.method,
        "spki_sha256": done.spki_sha256,
        "modulus_sha256": done.modulus_sha256,
        "certified": done.is_certified,
        "authority": done.is_of_authority,
        "revoked": done.revoked,
        "responders": list(done.responders),
        "invalidity_date": None if claim.invalidity_date is None else rfc3339(claim.invalidity_date),
        "address": address,
    }
    return Event("key.reported_compromised", ACTOR, f"key:{done.spki_sha256}", detail=detail)
