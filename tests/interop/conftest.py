"""Fixtures of the judges."""

from collections.abc import Iterator

import pytest

from tests.interop.issued import Issued, issue_all
from tests.interop.standing import PARTED, Standing, stand
from tests.live import LiveServer, running


@pytest.fixture(scope="session")
def issued(live_sqlite: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Issued:
    """Certificates, keys and CRLs of the running server, as files."""
    return issue_all(live_sqlite, tmp_path_factory.mktemp("issued"))


@pytest.fixture(scope="session")
def whole(live_sqlite: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    """A good pair, one on hold and one revoked, of an authority with one list."""
    return stand(live_sqlite, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """The same of an authority whose certificates are shared out among lists."""
    data = tmp_path_factory.mktemp("parted-server") / "var"
    data.mkdir()
    (data / "directca.toml").write_text(PARTED)
    with running(data) as live:
        yield stand(live, tmp_path_factory.mktemp("parted"))


@pytest.fixture(scope="session", params=["whole", "parted"])
def standing(request: pytest.FixtureRequest) -> Standing:
    """Each of the two."""
    found: Standing = request.getfixturevalue(request.param)
    return found
