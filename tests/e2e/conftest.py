"""A data folder as a first start leaves it, for tests that start, hurt and end servers of their own."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.serving import serving
from tests.live import without_looks


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, by the real server; to be copied, not to be changed."""
    folder = without_looks(tmp_path_factory.mktemp("first-start") / "var")
    with serving(folder):
        pass
    return folder


@pytest.fixture
def var(first_start: Path, tmp_path: Path) -> Path:
    """A copy that the test may do anything to."""
    return Path(shutil.copytree(first_start, tmp_path / "var"))
