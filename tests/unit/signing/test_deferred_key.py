"""A deferred key is opened by its first signature, and fails then as an opened one fails at once."""

from pathlib import Path

import pytest

from directca.pki.algorithms import SignatureAlgorithm
from directca.signing import file_keys
from directca.signing.errors import KeyUnusable, WrongPassphrase
from directca.signing.file_keys import DeferredKey

PASSPHRASE = b"correct horse"
ALGORITHM = SignatureAlgorithm.RSA_SHA256


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("keys")
    made.chmod(0o700)
    for name in ("one.pem", "other.pem"):
        file_keys.create(made / name, PASSPHRASE, bits=2048)
    return made


def test_it_signs_what_the_opened_key_signs(folder: Path) -> None:
    opened = file_keys.load(folder / "one.pem", PASSPHRASE)
    deferred = DeferredKey(folder / "one.pem", PASSPHRASE, opened.spki_der)
    assert deferred.sign(b"message", ALGORITHM) == opened.sign(b"message", ALGORITHM)
    assert deferred.sign(b"again", ALGORITHM) == opened.sign(b"again", ALGORITHM)


def test_a_file_with_another_key_signs_nothing(folder: Path) -> None:
    expected = file_keys.load(folder / "one.pem", PASSPHRASE).spki_der
    with pytest.raises(KeyUnusable):
        DeferredKey(folder / "other.pem", PASSPHRASE, expected).sign(b"message", ALGORITHM)


def test_a_wrong_passphrase_signs_nothing(folder: Path) -> None:
    expected = file_keys.load(folder / "one.pem", PASSPHRASE).spki_der
    with pytest.raises(WrongPassphrase):
        DeferredKey(folder / "one.pem", b"wrong", expected).sign(b"message", ALGORITHM)


def test_a_missing_file_is_told_at_once(folder: Path) -> None:
    with pytest.raises(KeyUnusable, match="does not exist"):
        DeferredKey(folder / "none.pem", PASSPHRASE, b"")


def test_it_tells_nothing_of_the_passphrase(folder: Path) -> None:
    assert PASSPHRASE.decode() not in repr(DeferredKey(folder / "one.pem", PASSPHRASE, b""))
