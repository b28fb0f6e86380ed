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


def test_a_key_that_was_taken_away_signs_nothing_and_is_no_error_before(folder: Path) -> None:
    absent = DeferredKey(folder / "none.pem", PASSPHRASE, b"")
    assert not absent.is_here
    with pytest.raises(KeyUnusable, match="not here"):
        absent.sign(b"message", ALGORITHM)


def test_a_key_that_was_opened_is_forgotten_with_its_file_and_comes_back_with_it(folder: Path) -> None:
    path, away = folder / "moved.pem", folder / "away.pem"
    deferred = DeferredKey(path, PASSPHRASE, file_keys.create(path, PASSPHRASE, bits=2048).spki_der)
    signature = deferred.sign(b"message", ALGORITHM)
    path.rename(away)
    assert not deferred.is_here
    assert deferred._key is None
    with pytest.raises(KeyUnusable):
        deferred.sign(b"message", ALGORITHM)
    away.rename(path)
    assert deferred.sign(b"message", ALGORITHM) == signature


def test_it_tells_nothing_of_the_passphrase(folder: Path) -> None:
    assert PASSPHRASE.decode() not in repr(DeferredKey(folder / "one.pem", PASSPHRASE, b""))
