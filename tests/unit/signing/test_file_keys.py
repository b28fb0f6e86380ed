"""A key file is encrypted, its owner's alone, never replaced, and opened by its passphrase only."""

import copy
import os
import pickle
import stat
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from directca.pki.algorithms import SignatureAlgorithm
from directca.signing import file_keys, key_files
from directca.signing.errors import KeyUnusable, WrongPassphrase
from directca.signing.file_keys import FileKey
from tests.material import rsa_key, spki_der

PASSPHRASE = b"correct horse battery staple"


@pytest.fixture(scope="module")
def encrypted() -> bytes:
    return key_files.encrypt(rsa_key(), PASSPHRASE)


@pytest.fixture
def key_file(tmp_path: Path, encrypted: bytes) -> Path:
    path = tmp_path / "keys" / "ca.key"
    key_files.write(path, encrypted)
    return path


def test_a_key_made_is_the_key_loaded(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "ca.key"
    made = file_keys.create(path, PASSPHRASE, bits=2048)
    loaded = file_keys.load(path, PASSPHRASE)
    assert loaded.spki_der == made.spki_der
    signature = loaded.sign(b"message", SignatureAlgorithm.RSA_SHA256)
    assert signature == made.sign(b"message", SignatureAlgorithm.RSA_SHA256)


@pytest.mark.parametrize("algorithm", list(SignatureAlgorithm))
def test_a_signature_verifies(algorithm: SignatureAlgorithm) -> None:
    signature = FileKey(rsa_key()).sign(b"message", algorithm)
    rsa_key().public_key().verify(signature, b"message", padding.PKCS1v15(), algorithm.hash)


@pytest.mark.parametrize("at_once", [1, 2])
def test_no_more_signatures_are_made_at_once_than_there_is_room_for(at_once: int) -> None:
    class SlowKey:
        """Counts who signs at the same time."""

        def __init__(self) -> None:
            self.signing, self.most, self.guard = 0, 0, threading.Lock()

        def public_key(self) -> rsa.RSAPublicKey:
            return rsa_key().public_key()

        def sign(self, *_: object) -> bytes:
            with self.guard:
                self.signing += 1
                self.most = max(self.most, self.signing)
            time.sleep(0.01)
            with self.guard:
                self.signing -= 1
            return b"signature"

    slow = SlowKey()
    key = FileKey(cast("rsa.RSAPrivateKey", slow), at_once=at_once)
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: key.sign(b"message", SignatureAlgorithm.RSA_SHA256), range(12)))
    assert made == [b"signature"] * 12
    assert slow.most == at_once


def test_file_and_folder_are_their_owner_s_alone(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(key_file.parent.stat().st_mode) == 0o700
    assert list(key_file.parent.iterdir()) == [key_file]


def test_the_modes_do_not_depend_on_the_umask(tmp_path: Path, encrypted: bytes) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "keys" / "ca.key"
        key_files.write(path, encrypted)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_key_does_not_lie_open_in_the_file(encrypted: bytes) -> None:
    numbers = rsa_key().private_numbers()
    for secret in (numbers.d, numbers.p, numbers.q):
        assert secret.to_bytes(256, "big").lstrip(b"\x00") not in encrypted


def test_openssl_opens_the_file_with_its_passphrase(tmp_path: Path, encrypted: bytes) -> None:
    path = tmp_path / "ca.key"
    path.write_bytes(encrypted)
    command = ["openssl", "pkey", "-inform", "DER", "-in", str(path), "-passin", "stdin", "-pubout", "-outform", "DER"]
    opened = subprocess.run(command, input=PASSPHRASE, capture_output=True, check=True)
    assert opened.stdout == spki_der(rsa_key())


@pytest.mark.parametrize("passphrase", [b"wrong", b"", PASSPHRASE + b" "])
def test_another_passphrase_does_not_open_it(key_file: Path, passphrase: bytes) -> None:
    with pytest.raises(WrongPassphrase):
        file_keys.load(key_file, passphrase)


def test_an_empty_passphrase_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(WrongPassphrase):
        key_files.encrypt(rsa_key(), b"")


def test_a_key_file_is_never_replaced(key_file: Path, encrypted: bytes) -> None:
    before = key_file.read_bytes()
    with pytest.raises(KeyUnusable, match="exists already"):
        key_files.write(key_file, encrypted + b"other")
    assert key_file.read_bytes() == before
    assert list(key_file.parent.iterdir()) == [key_file]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        file_keys.load(key_file, PASSPHRASE)


def test_a_folder_that_others_can_enter_is_refused(key_file: Path, encrypted: bytes) -> None:
    key_file.parent.chmod(0o755)
    with pytest.raises(KeyUnusable, match="chmod 700"):
        file_keys.load(key_file, PASSPHRASE)
    with pytest.raises(KeyUnusable, match="chmod 700"):
        key_files.write(key_file.with_name("other.key"), encrypted)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(KeyUnusable, match="cannot be read"):
        file_keys.load(tmp_path / "none.key", PASSPHRASE)


def test_a_damaged_file_is_refused(tmp_path: Path, encrypted: bytes) -> None:
    tmp_path.chmod(0o700)
    plain = rsa_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    for number, damaged in enumerate((b"", b"\x30", encrypted[:-1], encrypted + b"\x00", b"\xff" * 99, plain)):
        path = tmp_path / f"{number}.key"
        path.write_bytes(damaged)
        path.chmod(0o600)
        with pytest.raises(KeyUnusable, match="damaged"):
            file_keys.load(path, PASSPHRASE)


def test_a_file_damaged_inside_is_not_opened(tmp_path: Path, encrypted: bytes) -> None:
    tmp_path.chmod(0o700)
    path = tmp_path / "ca.key"
    path.write_bytes(encrypted[:-9] + bytes(9))
    path.chmod(0o600)
    with pytest.raises(WrongPassphrase, match="damaged"):
        file_keys.load(path, PASSPHRASE)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_key_is_not_copied_out(way: object) -> None:
    with pytest.raises(KeyUnusable):
        way(FileKey(rsa_key()))  # type: ignore[operator]


def test_a_key_shows_nothing_of_itself() -> None:
    shown = repr(FileKey(rsa_key())) + str(FileKey(rsa_key()))
    assert str(rsa_key().private_numbers().d) not in shown
    assert {name for name in dir(FileKey(rsa_key())) if not name.startswith("_")} == {"is_here", "sign", "spki_der"}
