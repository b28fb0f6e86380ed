"""Keys of responders in files, as before there were nodes: read as they lie, ended for good, nothing outside of the folder."""

from pathlib import Path

import pytest

from directca.signing import file_keys
from directca.signing.errors import KeyUnusable
from directca.signing.key_folder import KeyFolder

NAME = "ocsp-issuing-a1.pem"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    file_keys.create(tmp_path / "keys" / NAME, b"passphrase", bits=2048)
    return tmp_path / "keys"


def test_a_key_is_read_as_it_lies_and_ends_once(folder: Path) -> None:
    keys = KeyFolder(folder)
    assert keys.holds(NAME)
    assert keys.sealed(NAME) == (folder / NAME).read_bytes()
    assert [keys.destroy(NAME), keys.destroy(NAME), keys.holds(NAME)] == [True, False, False]
    assert keys.sealed(NAME) is None


def test_a_file_that_others_can_read_is_not_read(folder: Path) -> None:
    (folder / NAME).chmod(0o644)
    with pytest.raises(KeyUnusable, match="chmod 600"):
        KeyFolder(folder).sealed(NAME)


@pytest.mark.parametrize("reference", ["../root.pem", "/etc/passwd", "a/b.pem", "", ".pem", "root.key", "A.pem"])
def test_nothing_outside_of_the_folder_is_a_key(tmp_path: Path, reference: str) -> None:
    keys = KeyFolder(tmp_path)
    for use in (keys.sealed, keys.destroy, keys.holds):
        with pytest.raises(KeyUnusable):
            use(reference)
