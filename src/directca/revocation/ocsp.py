"""OCSP: what relying parties are told of certificates, from stored facts, signed by a delegated responder (RFC 6960 2.6).

1 match the issuer   every certificate of a request is of one authority that has responders, or nobody here speaks of it
2 look up            one consistent moment: the facts, and the version of status that they belong to
3 rehearse           encode the answer, lint those bytes
4 sign               no transaction open

An answer is derived and changes nothing, so it leaves no intent and no row in the journal (docs/adr/0010).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from directca.certificates import authorities, serial_status
from directca.certificates.serial_status import SerialStatus, Standing
from directca.clock import whole_second
from directca.db.engine import Tx
from directca.pki import ocsp as body
from directca.pki.ocsp import CertStatus, OcspTemplate, ResponseStatus, SingleAnswer, issuer_hashes
from directca.pki.ocsp_request import CertId, OcspRequest
from directca.revocation import crl, responders
from directca.revocation import responder_store as store
from directca.revocation.context import Revocation
from directca.revocation.model import ListId
from directca.revocation.ocsp_model import OcspAnswer, OcspNews, OcspRefusedError
from directca.revocation.ocsp_signers import OcspSigners
from directca.revocation.responder_model import ResponderEntry, is_due
from directca.signing.rehearsal import rehearse_ocsp

_NO_LIST = datetime.min.replace(tzinfo=UTC)

Issuers = Mapping[tuple[str | None, bytes, bytes], str]
"""By what a CertID says of the issuer, hash name and both hashes: the authority's id."""


@dataclass(frozen=True)
class Ocsp:
    """What the verb is given. `by_name`: how answers name their responder. An intent older than `abandoned_after` counts as left
    by a crash."""

    revocation: Revocation
    signers: OcspSigners
    issuers: Issuers
    by_name: bool
    abandoned_after: timedelta


def issuers_of(ca: Revocation, served: tuple[str, ...]) -> Issuers:
    """How certificates of some authorities are asked about."""
    return {
        (name, *hashes): authority_id
        for authority_id in served
        for name, hashes in issuer_hashes(ca.authorities[authority_id].issuer).items()
    }


def answer(ocsp: Ocsp, request: OcspRequest) -> OcspAnswer:
    """The signed answer to a request.

    Raises OcspRefusedError when there is none in the protocol's own words, and Unavailable (NoResponder, SigningStopped,
    LintFailed, the database's) when there is none now.
    """
    ca = ocsp.revocation
    # 1 match the issuer
    authority_id = _authority(ocsp, request)

    # 2 look up
    serials = tuple(f"{one.serial:x}" for one in request.certificates)
    with ca.database.read() as tx:
        now = whole_second(ca.clock.now())
        _check_clock(tx, authority_id, now)
        version = authorities.status_version(tx, authority_id)
        found = _look_up(tx, ocsp, authority_id, serials)
    if any(one.standing is Standing.UNDECIDED for one in found.values()):
        raise OcspRefusedError(ResponseStatus.TRY_LATER, "a certificate may be being signed at this moment")

    # 3 rehearse
    signer = ocsp.signers.choose(authority_id, now)
    next_update = min(now + ca.policy.ocsp.response, signer.responder.not_after)
    answers = tuple(
        _single(one, found.get(serial), now, next_update) for one, serial in zip(request.certificates, serials, strict=True)
    )
    template = OcspTemplate(produced_at=now, answers=answers, nonce=request.nonce, by_name=ocsp.by_name)
    rehearsed = rehearse_ocsp(body.encode(template, signer.responder), template, signer.responder, ca.policy)

    # 4 sign
    own, shared = body.parts(rehearsed.to_be_signed, signer.sign(rehearsed), signer.responder)
    return OcspAnswer(
        own=own,
        shared=shared,
        authority_id=authority_id,
        version=version,
        serial=serials[0] if len(serials) == 1 else None,
        this_update=now,
        next_update=next_update,
        unknown=len(found) < len(set(serials)),
        nonce=request.nonce is not None,
    )


def news(ocsp: Ocsp, since: Mapping[str, int]) -> OcspNews:
    """What changed after the versions that were told before. New responders are loaded by the way. Raises Unavailable."""
    ca = ocsp.revocation
    ocsp.signers.refresh()
    changes: dict[str, tuple[int, tuple[str, ...] | None]] = {}
    not_before = _NO_LIST
    with ca.database.read() as tx:
        for authority_id in ocsp.signers.served:
            if authority_id in since:
                changes[authority_id] = serial_status.changes_after(tx, authority_id, since[authority_id])
            else:
                changes[authority_id] = authorities.status_version(tx, authority_id), ()
            newest = crl.newest(tx, ListId(authority_id))
            not_before = max(not_before, _NO_LIST if newest is None else newest.this_update)
    now = ca.clock.now()
    usable = all(ocsp.signers.usable(authority_id, now) for authority_id in ocsp.signers.served)
    return OcspNews(changes, not_before, ocsp.signers.revoked(), usable)


def keep(ocsp: Ocsp, *, actor: str, older_than: timedelta) -> tuple[ResponderEntry, ...]:
    """What time does to responders: what a crash left ends, those that are due are made, and old keys end. Answers the new ones.

    A responder whose key this process cannot load counts for nothing.
    """
    ca, desk = ocsp.revocation, ocsp.signers.desk
    responders.settle(desk, actor=actor, older_than=older_than)
    ocsp.signers.refresh()
    made = []
    for authority_id in ocsp.signers.served:
        now = ca.clock.now()
        if is_due(ocsp.signers.usable(authority_id, now), now, ca.policy.ocsp.renew_before):
            made.append(responders.make(desk, authority_id, actor=actor))
    if made:
        ocsp.signers.refresh()
    responders.destroy_old_keys(desk, actor=actor)
    return tuple(made)


def _authority(ocsp: Ocsp, request: OcspRequest) -> str:
    found = {ocsp.issuers.get((one.hash, one.name_hash, one.key_hash)) for one in request.certificates}
    (authority_id,) = found if len(found) == 1 else (None,)
    if authority_id is None:
        raise OcspRefusedError(ResponseStatus.UNAUTHORIZED, "a certificate is of an issuer that nobody here speaks for")
    return authority_id


def _check_clock(tx: Tx, authority_id: str, now: datetime) -> None:
    """A clock that stands before the newest list would date this answer before what is known already (invariant 12)."""
    newest = crl.newest(tx, ListId(authority_id))
    if newest is not None and now < newest.this_update:
        raise OcspRefusedError(ResponseStatus.TRY_LATER, "the clock stands before the newest list")


def _look_up(tx: Tx, ocsp: Ocsp, authority_id: str, serials: tuple[str, ...]) -> dict[str, SerialStatus]:
    """The status of each serial that this authority ever used, for a subscriber or for a responder."""
    abandoned_before = ocsp.revocation.clock.now() - ocsp.abandoned_after
    found = serial_status.look_up(tx, authority_id, serials, abandoned_before=abandoned_before)
    for serial in serials:
        if serial not in found and (status := _of_responder(tx, authority_id, serial, abandoned_before)) is not None:
            found[serial] = status
    return found


def _of_responder(tx: Tx, authority_id: str, serial: str, abandoned_before: datetime) -> SerialStatus | None:
    entry = store.by_serial(tx, authority_id, serial)
    if entry is None:
        return None
    if entry.revoked_at is not None:
        return SerialStatus(Standing.REVOKED, entry.revoked_at, entry.revocation_reason)
    if entry.der is not None:
        return SerialStatus(Standing.GOOD)
    abandoned = entry.created_at < abandoned_before
    return SerialStatus(Standing.REVOKED, entry.created_at) if abandoned else SerialStatus(Standing.UNDECIDED)


def _single(cert_id: CertId, found: SerialStatus | None, now: datetime, next_update: datetime) -> SingleAnswer:
    """What is said of one certificate. *good* is said of what was issued here, and of nothing else (2.2)."""
    if found is None:
        return SingleAnswer(cert_id.encoded, CertStatus.UNKNOWN, now, next_update)
    if found.standing is Standing.GOOD:
        return SingleAnswer(cert_id.encoded, CertStatus.GOOD, now, next_update)
    return SingleAnswer(
        cert_id.encoded,
        CertStatus.REVOKED,
        now,
        next_update,
        # What a clock that ran ahead dated into the future is told as of now, as on the list.
        revoked_at=min(whole_second(found.revoked_at or now), now),
        reason=found.reason,
        invalidity_date=found.invalidity_date,
    )
