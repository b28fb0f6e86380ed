"""What RFC 6960, RFC 5019, RFC 9654 and the policy demand of every OCSP answer, one rule per function."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from directca.pki import der, oids
from directca.pki.ocsp import CertStatus, OcspTemplate, Responder, SingleAnswer, issuer_hashes, written_reason
from directca.pki.ocsp_request import MOST_NONCE_OCTETS
from directca.pki.ocsp_view import BY_KEY, BY_NAME, ResponseView
from directca.pki.profiles import Policy


@dataclass(frozen=True, slots=True)
class ExaminedResponse:
    """A response as its bytes say it, beside what was decided, who signs it and under which policy."""

    view: ResponseView
    template: OcspTemplate
    responder: Responder
    policy: Policy


OcspRule = Callable[[ExaminedResponse], str | None]


def responder_is_named_as_decided(examined: ExaminedResponse) -> str | None:
    """RFC 6960 4.2.1: by its subject's name, byte for byte, or by the SHA-1 of its key."""
    view, responder = examined.view, examined.responder
    if examined.template.by_name:
        named = view.responder_tag == BY_NAME and view.responder.encoded == responder.subject_der
    else:
        named = view.responder_tag == BY_KEY and der.read_octets(view.responder) == responder.key_id
    return None if named else "the responderID is not the name or the key that was decided"


def signature_algorithm_is_the_responders(examined: ExaminedResponse) -> str | None:
    """The algorithm that the responder signs with."""
    same = examined.view.algorithm == examined.responder.algorithm.identifier
    return None if same else "the signature algorithm is not the one this responder signs with"


def certificate_of_the_responder_comes_along(examined: ExaminedResponse) -> str | None:
    """RFC 6960 4.2.1, RFC 5019 2.2.2: the delegated responder's own certificate, byte for byte, and no other."""
    same = examined.view.certificates == (examined.responder.certificate_der,)
    return None if same else "certs is not the responder's certificate alone"


def something_is_answered(examined: ExaminedResponse) -> str | None:
    """A response without an answer says nothing, and nothing is not signed."""
    return None if examined.view.answers else "there is no answer"


def answers_are_as_decided(examined: ExaminedResponse) -> str | None:
    """Each certificate asked about, in the bytes it was asked in and in order, with the status and times decided."""
    found = [view.answer for view in examined.view.answers]
    same = found == [_as_written(answer) for answer in examined.template.answers]
    return None if same else "the answers are not the ones decided"


def answers_are_about_certificates_of_the_ca(examined: ExaminedResponse) -> str | None:
    """RFC 6960 4.2.2.2: a delegated responder speaks for the CA that certified it, and for no other."""
    hashes = issuer_hashes(examined.responder.issuer)
    for view in examined.view.answers:
        cert_id = view.cert_id
        if cert_id.hash is None or hashes[cert_id.hash] != (cert_id.name_hash, cert_id.key_hash):
            return "an answer is about a certificate of another CA"
    return None


def one_certificate_has_one_status(examined: ExaminedResponse) -> str | None:
    """Asked twice about a certificate, by one hash or by both, the responder does not contradict itself."""
    said: dict[int, SingleAnswer] = {}
    for view in examined.view.answers:
        answer = replace(view.answer, cert_id=b"")
        if said.setdefault(view.cert_id.serial, answer) != answer:
            return "a certificate has two different answers"
    return None


def times_move_forward(examined: ExaminedResponse) -> str | None:
    """RFC 6960 2.4: what was true at thisUpdate is said at producedAt, and more will be known at nextUpdate, later than both."""
    produced_at = examined.view.produced_at
    fits = all(view.answer.this_update <= produced_at < view.answer.next_update for view in examined.view.answers)
    return None if fits else "thisUpdate, producedAt and nextUpdate are out of order"


def next_update_is_within_the_policy(examined: ExaminedResponse) -> str | None:
    """Policy: no longer after thisUpdate than the policy says, which is not longer than a CRL lasts."""
    limit = examined.policy.ocsp.response
    late = any(view.answer.next_update - view.answer.this_update > limit for view in examined.view.answers)
    return f"nextUpdate is more than {limit} after thisUpdate" if late else None


def produced_at_is_as_decided(examined: ExaminedResponse) -> str | None:
    """The moment that was decided, to the second."""
    return None if examined.view.produced_at == examined.template.produced_at else "producedAt is not the moment decided"


def responder_certificate_is_valid_throughout(examined: ExaminedResponse) -> str | None:
    """RFC 6960 4.2.2.2: until nextUpdate the certificate that answers for the answer is valid, both of its ends included."""
    responder = examined.responder
    fits = responder.not_before <= examined.view.produced_at and all(
        view.answer.next_update <= responder.not_after for view in examined.view.answers
    )
    return None if fits else "the responder's certificate is not valid from producedAt to nextUpdate"


def revocations_lie_in_the_past(examined: ExaminedResponse) -> str | None:
    """A revocation that has not happened at thisUpdate cannot be told."""
    answers = [view.answer for view in examined.view.answers]
    late = any(answer.revoked_at is not None and answer.revoked_at > answer.this_update for answer in answers)
    return "a revocation is dated after thisUpdate" if late else None


def nonce_is_the_one_asked_with(examined: ExaminedResponse) -> str | None:
    """RFC 9654 2.1: the octets of the request, 1 to 128 of them; without a nonce in the request none."""
    nonces = [extension for extension in examined.view.extensions if extension.kind == oids.OCSP_NONCE]
    found = [der.read_octets(der.read(nonce.value)) for nonce in nonces]
    wanted = [] if examined.template.nonce is None else [examined.template.nonce]
    if found != wanted:
        return "the nonce is not the one asked with"
    return None if all(1 <= len(nonce) <= MOST_NONCE_OCTETS for nonce in found) else "the nonce is empty or too long"


def extensions_are_a_nonce_or_none(examined: ExaminedResponse) -> str | None:
    """RFC 5019 2.2.1: no other extension of a response, and none critical."""
    listed = [(extension.kind, extension.critical) for extension in examined.view.extensions]
    return None if listed in ([], [(oids.OCSP_NONCE, False)]) else f"the response has the extensions {listed}"


def extensions_of_an_answer_are_an_invalidity_date_or_none(examined: ExaminedResponse) -> str | None:
    """RFC 6960 4.4.5: of the extensions of CRL entries invalidityDate, of a revocation only, not critical."""
    for view in examined.view.answers:
        listed = [(extension.kind, extension.critical) for extension in view.extensions]
        revoked = view.answer.status is CertStatus.REVOKED
        if listed and not (revoked and listed == [(oids.INVALIDITY_DATE, False)]):
            return f"an answer has the extensions {listed}"
    return None


def _as_written(answer: SingleAnswer) -> SingleAnswer:
    return replace(answer, reason=written_reason(answer.reason)) if answer.reason is not None else answer


RULES: tuple[OcspRule, ...] = (
    responder_is_named_as_decided,
    signature_algorithm_is_the_responders,
    certificate_of_the_responder_comes_along,
    something_is_answered,
    answers_are_as_decided,
    answers_are_about_certificates_of_the_ca,
    one_certificate_has_one_status,
    times_move_forward,
    next_update_is_within_the_policy,
    produced_at_is_as_decided,
    responder_certificate_is_valid_throughout,
    revocations_lie_in_the_past,
    nonce_is_the_one_asked_with,
    extensions_are_a_nonce_or_none,
    extensions_of_an_answer_are_an_invalidity_date_or_none,
)
