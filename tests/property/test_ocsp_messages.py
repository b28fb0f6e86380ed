"""OCSP messages: what is decided is what is read from the bytes, by our reader and by the library's; any bytes end somewhere."""

import dataclasses
from datetime import datetime, timedelta

from cryptography.x509 import ocsp as judge
from hypothesis import assume, given
from hypothesis import strategies as st

from directca.pki import der, ocsp, oids
from directca.pki.der import DerError
from directca.pki.lints import ocsp_response
from directca.pki.ocsp import CertStatus, OcspTemplate, SingleAnswer, written_reason
from directca.pki.ocsp_request import BadOcspRequest, CertId, OcspRequest, read_request
from directca.pki.ocsp_view import read_response
from directca.pki.reasons import RevocationReason
from directca.pki.templates import extension
from tests.authority import ISSUED, policy
from tests.responder import a_cert_id, a_request, a_response_template, an_answer, responder

PLACEHOLDER = b"\xff" * 256
OLD = 10**9

serials = st.integers(1, 2**128 - 1)
hash_names = st.sampled_from(["sha1", "sha256"])
nonces = st.none() | st.binary(min_size=1, max_size=128)


def before(most: int) -> st.SearchStrategy[datetime]:
    """Moments before ISSUED, at most so many seconds."""
    return st.integers(0, most).map(lambda seconds: ISSUED - timedelta(seconds=seconds))


@st.composite
def single_answers(draw: st.DrawFn) -> SingleAnswer:
    """Any answer that may be given at ISSUED."""
    answer = an_answer(
        status=draw(st.sampled_from(CertStatus)),
        cert_id=a_cert_id(draw(serials), draw(hash_names)),
        this_update=draw(before(3600)),
        next_update=ISSUED + timedelta(seconds=draw(st.integers(6, 11 * 3600))),
        revoked_at=None,
    )
    if answer.status is not CertStatus.REVOKED:
        return answer
    return dataclasses.replace(
        answer,
        revoked_at=draw(before(OLD).map(lambda moment: moment - timedelta(hours=1))),
        reason=draw(st.none() | st.sampled_from(RevocationReason)),
        invalidity_date=draw(st.none() | before(OLD)),
    )


def serial_of(answer: SingleAnswer) -> bytes:
    return der.children(der.read(answer.cert_id))[3].content


templates = st.builds(
    lambda answers, nonce, by_name: a_response_template(*answers, nonce=nonce, by_name=by_name),
    st.lists(single_answers(), min_size=1, max_size=5, unique_by=serial_of),
    nonces,
    st.booleans(),
)


@given(templates)
def test_what_is_decided_is_what_the_bytes_say_whoever_reads_them(template: OcspTemplate) -> None:
    encoded = ocsp.assemble(ocsp.encode(template, responder()), PLACEHOLDER, responder())
    wanted = [dataclasses.replace(answer, reason=written_reason(answer.reason)) for answer in template.answers]
    view = read_response(encoded)
    assert [one.answer for one in view.answers] == wanted
    assert view.produced_at == template.produced_at
    assert ocsp_response.examine(encoded, template, responder(), policy()) == ()
    found = judge.load_der_ocsp_response(encoded)
    assert found.produced_at_utc == template.produced_at
    for single, answer in zip(found.responses, wanted, strict=True):
        assert single.certificate_status.name == answer.status.name
        assert (single.this_update_utc, single.next_update_utc) == (answer.this_update, answer.next_update)
        assert single.revocation_time_utc == answer.revoked_at
        told = None if single.revocation_reason is None else single.revocation_reason.value
        assert told == (None if answer.reason is None else answer.reason.value)
        assert single.serial_number == int.from_bytes(serial_of(answer), "big", signed=True)


@given(templates, templates)
def test_no_response_passes_for_another(one: OcspTemplate, other: OcspTemplate) -> None:
    encoded = ocsp.encode(one, responder())
    assume(encoded != ocsp.encode(other, responder()))
    assert ocsp_response.examine(ocsp.assemble(encoded, PLACEHOLDER, responder()), other, responder(), policy())


cert_ids = st.builds(a_cert_id, serials, hash_names)
requests = st.builds(
    lambda asked, nonce: a_request(
        *asked, extensions=() if nonce is None else (extension(oids.OCSP_NONCE, der.octet_string(nonce)),)
    ),
    st.lists(cert_ids, min_size=1, max_size=5),
    nonces,
)


@given(st.lists(cert_ids, min_size=1, max_size=5), nonces)
def test_what_is_asked_is_what_is_read(asked: list[bytes], nonce: bytes | None) -> None:
    extensions = () if nonce is None else (extension(oids.OCSP_NONCE, der.octet_string(nonce)),)
    request = read_request(a_request(*asked, extensions=extensions))
    assert [one.encoded for one in request.certificates] == asked
    assert request.nonce == nonce
    assert all(written(one) == one.encoded for one in request.certificates)


def written(cert_id: CertId) -> bytes:
    """The CertID of what was read, encoded again."""
    hashes = (der.octet_string(cert_id.name_hash), der.octet_string(cert_id.key_hash))
    return der.sequence(cert_id.algorithm, *hashes, der.integer(cert_id.serial))


def read_or_refuse(data: bytes) -> OcspRequest | None:
    """Nothing but BadOcspRequest may come out of it."""
    try:
        return read_request(data)
    except BadOcspRequest:
        return None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    read_or_refuse(data)


@given(requests, st.data())
def test_a_request_that_was_tampered_with_is_read_or_refused(encoded: bytes, data: st.DataObject) -> None:
    """An octet changed, put in, or left out: near the real thing is where readers err."""
    at = data.draw(st.integers(0, len(encoded)))
    left_out = data.draw(st.integers(0, 3))
    tampered = encoded[:at] + data.draw(st.binary(max_size=3)) + encoded[at + left_out :]
    read_or_refuse(tampered)


@given(requests, st.binary(min_size=1, max_size=3))
def test_whatever_trails_a_request_makes_it_none(encoded: bytes, behind: bytes) -> None:
    assert read_or_refuse(encoded + behind) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_response_or_a_der_error(data: bytes) -> None:
    try:
        read_response(data)
    except DerError:
        return
    raise AssertionError("random bytes are no response of ours")
