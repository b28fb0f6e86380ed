"""Fixtures of the judges."""

import pytest

from tests.interop.issued import Issued, issue_all
from tests.live import LiveServer


@pytest.fixture(scope="session")
def issued(live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Certificates, keys and CRLs of the running server, as files."""
    return issue_all(live, tmp_path_factory.mktemp("issued"))
