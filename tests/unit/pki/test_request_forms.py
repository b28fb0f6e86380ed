"""Of a request whose form is known only what is new is read, and it is read and refused as if it were the first."""

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes

from directca.errors import Malformed
from directca.pki import requests
from directca.pki.forms import KnownForms
from directca.pki.requests import CertificationRequest
from tests.material import (
    COMMON_NAME,
    ORGANIZATION,
    PRINTABLE_STRING,
    attribute,
    csr_der,
    integer,
    name,
    pem,
    rsa_key,
    rsa_spki,
    spki_der,
)

BOB = "bobby@direct.example.org"  # as long as Alice's name
MODULUS = rsa_key(1).public_key().public_numbers().n


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_KNOWN", KnownForms())


def outcome(der: bytes) -> CertificationRequest | tuple[type[Malformed], str, str | None]:
    try:
        return requests.parse(pem(der), field="here")
    except Malformed as error:
        return type(error), error.detail, error.field


def first_outcome(der: bytes, monkeypatch: pytest.MonkeyPatch) -> object:
    with monkeypatch.context() as patched:
        patched.setattr(requests, "_KNOWN", KnownForms())
        return outcome(der)


def knows(der: bytes) -> bool:
    return requests._KNOWN.find(der) is not None


ALIKE: list[tuple[str, Callable[[str, int], bytes]]] = [
    ("plain", lambda name, key: csr_der(name, rsa_key(key))),
    ("organization", lambda name, key: csr_der(name, rsa_key(key), organization="Clinic", organizational_units=("A", "B"))),
    ("PSS", lambda name, key: csr_der(name, rsa_key(key), pss=True, hash=hashes.SHA384)),
]


@pytest.mark.parametrize(("kind", "make"), ALIKE, ids=[kind for kind, _ in ALIKE])
def test_what_is_read_by_form_is_what_is_read_in_full(
    kind: str, make: Callable[[str, int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests.parse(pem(make("alice@direct.example.org", 0)))
    other = make(BOB, 1)
    assert knows(other)
    read = outcome(other)
    assert isinstance(read, CertificationRequest)
    assert read == first_outcome(other, monkeypatch)
    assert (read.common_name.value, read.key.modulus) == (BOB, MODULUS)


@pytest.mark.parametrize(
    "different",
    [
        lambda: csr_der("al@direct.example.org"),
        lambda: csr_der(BOB, hash=hashes.SHA512),
        lambda: csr_der(BOB, public_key=rsa_spki(integer(MODULUS), integer(65539))),
        lambda: csr_der(BOB, version=integer(1)),
        lambda: csr_der(subject=name(attribute(COMMON_NAME, BOB, PRINTABLE_STRING))),
        lambda: csr_der(subject=name(attribute(ORGANIZATION, BOB))),
    ],
)
def test_what_differs_elsewhere_is_read_in_full(different: Callable[[], bytes]) -> None:
    requests.parse(pem(csr_der("alice@direct.example.org")))
    assert not knows(different())


@pytest.mark.parametrize(
    "common_name", ["b bby@direct.example.org", "bobby@direct.example.o\0g", "bobby.direct-example-org", "*" * 24]
)
def test_a_name_that_is_none_is_refused_all_the_same(common_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests.parse(pem(csr_der("alice@direct.example.org")))
    der = csr_der(common_name)
    assert knows(der)
    refused = outcome(der)
    assert isinstance(refused, tuple)
    assert refused == first_outcome(der, monkeypatch)


@pytest.mark.parametrize(
    "modulus", [b"\x00" + b"\xff" * 255 + b"\xfe", b"\x00\x00" + b"\xff" * 255, b"\x7f" + b"\xff" * 256, b"\xff" * 257]
)
def test_a_number_that_is_none_is_refused_all_the_same(modulus: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = csr_der("alice@direct.example.org")
    requests.parse(pem(whole))
    der = whole.replace(rsa_key().public_key().public_numbers().n.to_bytes(257, "big"), modulus)
    assert knows(der)
    refused = outcome(der)
    assert isinstance(refused, tuple)
    assert refused == first_outcome(der, monkeypatch)


def test_no_octet_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = csr_der("alice@direct.example.org", organization="Clinic")
    requests.parse(pem(whole))
    for place in range(len(whole)):
        der = whole[:place] + bytes((whole[place] ^ 0x11,)) + whole[place + 1 :]
        refused = outcome(der)
        assert isinstance(refused, tuple)
        assert refused == first_outcome(der, monkeypatch)


def test_a_request_that_proves_nothing_is_not_remembered() -> None:
    der = csr_der(BOB, public_key=spki_der(rsa_key(1)))
    assert isinstance(outcome(der), tuple)
    assert not knows(der)


def test_a_long_request_is_not_remembered() -> None:
    der = csr_der(BOB, organizational_units=("x" * 200,) * 8)
    assert isinstance(outcome(der), CertificationRequest)
    assert not knows(der)
