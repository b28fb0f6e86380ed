"""Keys as sealed octets: whoever has the passphrase opens them, and nobody else learns anything."""

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from directca.pki.algorithms import SignatureAlgorithm
from directca.signing.errors import KeyUnusable, WrongPassphrase
from directca.signing.sealed_keys import SealedKeys


@pytest.fixture(scope="module")
def made() -> tuple[bytes, bytes]:
    """A sealed key, and a signature that it made before."""
    sealed, key = SealedKeys(b"passphrase").make(2048)
    return sealed, key.sign(b"message", SignatureAlgorithm.RSA_SHA256)


def test_another_process_opens_what_was_sealed(made: tuple[bytes, bytes]) -> None:
    sealed, signature = made
    assert SealedKeys(b"passphrase", at_once=2).open(sealed, "k").sign(b"message", SignatureAlgorithm.RSA_SHA256) == signature


def test_the_sealed_form_is_the_standard_one(made: tuple[bytes, bytes]) -> None:
    assert load_der_private_key(made[0], b"passphrase").key_size == 2048  # type: ignore[union-attr]  # an RSA key
    with pytest.raises(TypeError):
        load_der_private_key(made[0], None)


def test_what_cannot_be_opened_is_named(made: tuple[bytes, bytes]) -> None:
    with pytest.raises(WrongPassphrase, match="the key's name"):
        SealedKeys(b"another").open(made[0], "the key's name")
    with pytest.raises(KeyUnusable, match="the key's name"):
        SealedKeys(b"passphrase").open(b"nonsense", "the key's name")
    with pytest.raises(WrongPassphrase):
        SealedKeys(b"").make(2048)
