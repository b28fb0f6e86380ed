"""Keys of responders in files: made once, opened with the passphrase, ended for good, and nothing outside of their folder."""

from pathlib import Path

import pytest

from directca.pki.algorithms import SignatureAlgorithm
from directca.signing.errors import KeyUnusable, WrongPassphrase
from directca.signing.key_folder import KeyFolder

NAME = "ocsp-issuing-a1.pem"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data") / "keys"
    KeyFolder(made, b"passphrase").make(NAME, 2048)
    return made


def test_a_key_is_opened_as_it_was_made(folder: Path) -> None:
    keys = KeyFolder(folder, b"passphrase")
    assert keys.holds(NAME)
    assert keys.open(NAME).sign(b"message", SignatureAlgorithm.RSA_SHA256) == keys.open(NAME).sign(
        b"message", SignatureAlgorithm.RSA_SHA256
    )
    assert (folder / NAME).stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_made_over_another(folder: Path) -> None:
    before = (folder / NAME).read_bytes()
    with pytest.raises(KeyUnusable):
        KeyFolder(folder, b"passphrase").make(NAME, 2048)
    assert (folder / NAME).read_bytes() == before


def test_another_passphrase_opens_nothing(folder: Path) -> None:
    with pytest.raises(WrongPassphrase):
        KeyFolder(folder, b"another").open(NAME)


@pytest.mark.parametrize("reference", ["../root.pem", "/etc/passwd", "a/b.pem", "", ".pem", "root.key", "A.pem"])
def test_nothing_outside_of_the_folder_is_a_key(folder: Path, reference: str) -> None:
    keys = KeyFolder(folder, b"passphrase")
    for use in (keys.open, keys.destroy, keys.holds, lambda name: keys.make(name, 2048)):
        with pytest.raises(KeyUnusable):
            use(reference)


def test_a_key_ends_once(tmp_path: Path, folder: Path) -> None:
    other = tmp_path / "keys"
    other.mkdir(mode=0o700)
    (other / NAME).write_bytes((folder / NAME).read_bytes())
    keys = KeyFolder(other, b"passphrase")
    assert [keys.destroy(NAME), keys.destroy(NAME), keys.holds(NAME)] == [True, False, False]
