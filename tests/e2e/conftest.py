"""A data folder as a first start leaves it, for tests that start, hurt and end servers of their own."""

import shutil
from pathlib import Path
from unittest import mock

import pytest

from directca.signing import key_files
from tests.e2e.serving import serving
from tests.live import without_looks


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, by the real server; to be copied, not to be changed."""
    folder = without_looks(tmp_path_factory.mktemp("first-start") / "var")
    with serving(folder):
        pass
    passphrase = (folder / "secrets" / "key-passphrase").read_bytes().strip()
    for file in (folder / "keys").iterdir():
        _let_open_quickly(file, passphrase)
    return folder


@pytest.fixture
def var(first_start: Path, tmp_path: Path) -> Path:
    """A copy that the test may do anything to."""
    return Path(shutil.copytree(first_start, tmp_path / "var"))


def _let_open_quickly(file: Path, passphrase: bytes) -> None:
    """The same key under the same passphrase, which is hardly stretched: the stretching is half a second of each start."""
    key = key_files.decrypt(file.read_bytes(), passphrase, file.name)
    with mock.patch.multiple(key_files, _COST=2, _PARALLEL=1):
        file.write_bytes(key_files.encrypt(key, passphrase))
