"""What proves that a key is compromised, and what does not."""

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from hypothesis import given
from hypothesis import strategies as st

from directca.pki import compromise
from directca.pki.compromise import check_message, read_public_key, read_request, statement
from directca.pki.errors import BadProof
from tests.material import ALICE, csr, ec_key, rsa_key, spki_der
from tests.proofs import NAME, SAYS_IT, in_base64, request_saying, signed


@pytest.mark.parametrize("name", ["This key is compromised", "this KEY is compromised.", "This  key is compromised"])
def test_a_request_that_says_so(name: str) -> None:
    proof = read_request(in_base64(request_saying(name)), field="x")
    assert proof.key.spki_der == spki_der(rsa_key())
    assert proof.request_der == request_saying(name)


def test_a_request_in_pem_and_with_another_hash() -> None:
    der = request_saying("This key is compromised", digest=hashes.SHA512())
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{in_base64(der)}\n-----END CERTIFICATE REQUEST-----\n"
    assert read_request(pem, field="x").request_der == der


@pytest.mark.parametrize(
    "sent",
    [
        csr(ALICE),
        in_base64(request_saying("This key is not compromised")),
        in_base64(request_saying("This key is compromised!?")),
        in_base64(request_saying("This key is compromised", "This key is compromised")),
        in_base64(request_saying()),
        in_base64(request_saying("This key is compromised", key=ec_key())),
        "",
        "no base64",
        "A" * 70_000,
        in_base64(b"\x30\x00"),
        in_base64(b"\x30\x82\xff\xff"),
    ],
    ids=range(11),
)
def test_a_request_that_proves_nothing(sent: str) -> None:
    with pytest.raises(BadProof) as refused:
        read_request(sent, field="proof.pkcs10Data")
    assert refused.value.field == "proof.pkcs10Data"


def test_a_request_that_another_key_signed() -> None:
    der = bytearray(request_saying("This key is compromised"))
    der[-1] ^= 1
    with pytest.raises(BadProof):
        read_request(in_base64(bytes(der)), field="x")


def test_a_request_for_issuance_with_another_name_put_in() -> None:
    """Whoever sees the request of a subscriber must not be able to make a proof of it."""
    proof, ordinary = request_saying("This key is compromised", key=rsa_key(1)), request_saying("a" * 23, key=rsa_key())
    forged = ordinary.replace(b"a" * 23, b"This key is compromised")
    assert len(forged) == len(ordinary)
    assert forged != proof
    with pytest.raises(BadProof):
        read_request(in_base64(forged), field="x")


@given(st.integers(0, 400), st.integers(0, 255))
def test_no_altered_octet_gets_through(place: int, value: int) -> None:
    der = bytearray(request_saying("This key is compromised"))
    place %= len(der)
    if der[place] == value:
        return
    der[place] = value
    with pytest.raises(BadProof):
        read_request(in_base64(bytes(der)), field="x")


@given(st.binary(max_size=300))
def test_any_octets_are_a_proof_or_refused(octets: bytes) -> None:
    with pytest.raises(BadProof):
        read_request(in_base64(octets), field="x")


@pytest.mark.parametrize("pss", [False, True])
def test_a_signed_message(pss: bool) -> None:
    key = read_public_key(in_base64(spki_der(rsa_key())), field="x")
    algorithm = "RSASSA-PSS" if pss else "RSASSA-PKCS1-v1_5"
    assert check_message(key, SAYS_IT, signed(pss=pss), algorithm, NAME).key == key
    assert check_message(key, f"{SAYS_IT}\n", signed(f"{SAYS_IT}\n", pss=pss), algorithm, NAME).key == key


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("", "proof.message"),
        ("This key is compromised", "proof.message"),
        (f"> {SAYS_IT}", "proof.message"),  # a mail that quotes the sentence
        (f"Content-Type: text/plain\r\n\r\n{SAYS_IT}", "proof.message"),  # and one that is signed as S/MIME signs
        (statement("https://another.example.org"), "proof.message"),
        (statement(f"{NAME}.evil.example"), "proof.message"),
        (SAYS_IT + "x" * compromise.LONGEST_MESSAGE, "proof.message"),
    ],
    ids=range(7),
)
def test_a_message_that_says_something_else(message: str, field: str) -> None:
    key = read_public_key(in_base64(spki_der(rsa_key())), field="x")
    with pytest.raises(BadProof) as refused:
        check_message(key, message, signed(message), "RSASSA-PKCS1-v1_5", NAME)
    assert refused.value.field == field
    assert statement(NAME) in refused.value.detail


@pytest.mark.parametrize(
    ("signature", "algorithm", "field"),
    [
        (signed(key=1), "RSASSA-PKCS1-v1_5", "proof.signature"),
        (signed(statement(NAME)), "RSASSA-PKCS1-v1_5", "proof.signature"),
        (signed(pss=True), "RSASSA-PKCS1-v1_5", "proof.signature"),
        (signed(), "RSASSA-PSS", "proof.signature"),
        (signed(digest=hashes.SHA1()), "RSASSA-PKCS1-v1_5", "proof.signature"),
        (signed(digest=hashes.SHA512()), "RSASSA-PKCS1-v1_5", "proof.signature"),
        ("", "RSASSA-PKCS1-v1_5", "proof.signature"),
        ("no base64!", "RSASSA-PKCS1-v1_5", "proof.signature"),
        (signed(), "none", "proof.algorithm"),
    ],
    ids=range(9),
)
def test_a_signature_that_proves_nothing(signature: str, algorithm: str, field: str) -> None:
    key = read_public_key(in_base64(spki_der(rsa_key())), field="x")
    with pytest.raises(BadProof) as refused:
        check_message(key, SAYS_IT, signature, algorithm, NAME)
    assert refused.value.field == field


def test_a_public_key_in_pem() -> None:
    pem = rsa_key().public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert read_public_key(pem.decode(), field="x").spki_der == spki_der(rsa_key())


@pytest.mark.parametrize(
    "text", ["", "x", in_base64(spki_der(ec_key())), in_base64(b"\x30\x00"), "A" * 9_000, "-----BEGIN X"], ids=range(6)
)
def test_what_is_no_public_key(text: str) -> None:
    with pytest.raises(BadProof):
        read_public_key(text, field="proof.publicKey")
