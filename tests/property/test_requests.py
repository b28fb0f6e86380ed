"""Certification requests, broken at random: nothing but our own refusals comes out, and what is accepted is sound."""

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from directca.errors import Malformed
from directca.pki import requests
from tests.material import NULL, RSA_WITH, csr_der, oid, rsa_key, sequence, tlv

ASKING = [x509.BasicConstraints(ca=True, path_length=None), x509.SubjectAlternativeName([x509.DNSName("a.example")])]
GOOD = csr_der(organizational_units=("Ward",), extensions=ASKING)
GOOD_PSS = csr_der(pss=True)
HEADER = 4  # tag and length of the outer SEQUENCE
INFO_HEADER = 4
INFO_LENGTH = int.from_bytes(GOOD[HEADER + 2 : HEADER + 4], "big")
INFO = GOOD[HEADER + INFO_HEADER : HEADER + INFO_HEADER + INFO_LENGTH]

# What mistakes look like in DER: other tags, lengths that lie, sign bits, indefinite lengths.
octets = st.integers(0, 255) | st.sampled_from([0x00, 0x01, 0x02, 0x30, 0x31, 0x7F, 0x80, 0x82, 0x84, 0xA0, 0xFF])
edits = st.lists(st.tuples(st.sampled_from(["set", "insert", "delete"]), st.integers(0, 2000), octets), min_size=1, max_size=4)


def edited(data: bytes, changes: list[tuple[str, int, int]]) -> bytes:
    content = bytearray(data)
    for change, where, octet in changes:
        at = where % max(len(content), 1)
        if change == "insert" or not content:
            content.insert(at, octet)
        elif change == "set":
            content[at] = octet
        else:
            del content[at]
    return bytes(content)


def signed_again(info: bytes) -> bytes:
    """A request around these contents of CertificationRequestInfo, with a signature that is right for them."""
    encoded = tlv(0x30, info)
    signature = rsa_key().sign(encoded, padding.PKCS1v15(), hashes.SHA256())
    return sequence(encoded, sequence(oid(RSA_WITH[hashes.SHA256]), NULL), tlv(0x03, b"\x00" + signature))


def check(der: bytes) -> None:
    """Either one of our refusals, or another reader finds the same name, the same key and a valid signature."""
    try:
        request = requests.parse(base64.b64encode(der).decode())
    except Malformed:
        return
    other = x509.load_der_x509_csr(der)
    assert other.is_signature_valid
    assert other.public_key() == request.key.public_key()
    try:
        names = other.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, UserWarning):  # it reads every attribute of the subject; ours are three, and the rest is let be
        return
    assert [str(name.value).lower() for name in names] == [request.common_name.value]


@given(edits)
def test_a_request_broken_anywhere(changes: list[tuple[str, int, int]]) -> None:
    check(edited(GOOD, changes))
    check(edited(GOOD_PSS, changes))


@given(edits)
@settings(max_examples=200)
def test_a_request_broken_before_it_was_signed(changes: list[tuple[str, int, int]]) -> None:
    check(signed_again(edited(INFO, changes)))


@given(st.binary(max_size=200))
def test_octets_at_random(data: bytes) -> None:
    check(data)
    check(tlv(0x30, data))


@given(st.text(max_size=200) | st.text("-= \n\x00ABEGINCRTFQUSDabc/+_", max_size=200))
def test_text_at_random(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        requests.parse(text)
    assert refusal.value.slug == "bad_csr"


@given(
    st.lists(st.sampled_from([" ", "\n", "\r\n", "\t"]), max_size=6),
    st.integers(1, 200),
    st.booleans(),
    st.booleans(),
)
def test_folding_and_alphabet_change_nothing(spaces: list[str], width: int, urlsafe: bool, padded: bool) -> None:
    encoded = (base64.urlsafe_b64encode if urlsafe else base64.b64encode)(GOOD).decode()
    text = encoded if padded else encoded.rstrip("=")
    between = "".join(spaces)
    folded = between.join(text[at : at + width] for at in range(0, len(text), width))
    assert requests.parse(between + folded + between) == requests.parse(encoded)
