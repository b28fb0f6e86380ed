"""The folder of `revocation.publish_to`, kept up to date beside everything else, and by hand."""

import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from directca import rooms
from directca.cli import founding, publishing
from directca.cli.publishing import FolderPublisher
from directca.responders import status_folder
from directca.responders.errors import StatusFolderUnusable
from directca.revocation import crl
from directca.revocation.model import ListId
from directca.rooms import Authority
from directca.settings import FILE
from tests.unit.cli.conftest import Shell

ISSUING = ListId("issuing")
FULL = "crl/issuing.crl"


@pytest.fixture
def folder(shell: Shell) -> Path:
    """The folder that the settings name."""
    made = shell.data.with_name("published")
    with (shell.data / FILE).open("a") as settings:
        settings.write('\n[revocation]\npublish_to = "../published"\n')
    made.mkdir()
    return made


@pytest.fixture
def authority(shell: Shell, folder: Path) -> Iterator[Authority]:
    with closing(rooms.open_authority(shell.data)) as opened:
        for of in (ISSUING, ListId("root")):
            crl.produce(opened.revocation, of, actor="test")
        yield opened


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def publisher(authority: Authority, registry: CollectorRegistry) -> Iterator[FolderPublisher]:
    made = FolderPublisher(authority, registry)
    yield made
    made.stop()


def settle(publisher: FolderPublisher) -> None:
    """Tick until the run that goes on is over and nothing is to be done."""
    deadline = time.monotonic() + 20
    publisher.work_if_due()
    while publisher._child is not None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        publisher.work_if_due()


def published(authority: Authority) -> bytes:
    return crl.published(authority.revocation, ISSUING).der


def test_a_new_list_is_in_the_folder_a_moment_later(
    authority: Authority, publisher: FolderPublisher, folder: Path, registry: CollectorRegistry
) -> None:
    settle(publisher)
    assert (folder / FULL).read_bytes() == published(authority)
    assert (folder / "aia/issuing.cer").read_bytes() == authority.entries["issuing"].certificate_der
    assert registry.get_sample_value("directca_publish_withheld_lists") == 0
    assert (registry.get_sample_value("directca_publish_complete_seconds") or 0) > time.time() - 60
    crl.produce(authority.revocation, ISSUING, actor="test")
    settle(publisher)
    assert (folder / FULL).read_bytes() == published(authority)


def test_while_nothing_changes_nothing_is_begun_until_the_next_look(
    publisher: FolderPublisher, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(publisher)
    (folder / FULL).unlink()
    publisher.work_if_due()
    assert publisher._child is None
    monkeypatch.setattr(publisher, "_again_at", 0.0)
    settle(publisher)
    assert (folder / FULL).exists()


def test_a_folder_that_fails_is_told_again_and_again_until_it_works(
    publisher: FolderPublisher, folder: Path, registry: CollectorRegistry
) -> None:
    folder.rmdir()
    for _ in range(2):
        with pytest.raises(StatusFolderUnusable, match="There is no folder"):
            settle(publisher)
    assert registry.get_sample_value("directca_publish_complete_seconds") == 0
    folder.mkdir()
    with suppress(StatusFolderUnusable):  # of a run that was begun before
        settle(publisher)
    settle(publisher)
    assert (folder / FULL).exists()
    assert (registry.get_sample_value("directca_publish_complete_seconds") or 0) > 0


def test_a_folder_that_hangs_keeps_nobody_waiting(
    publisher: FolderPublisher, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(status_folder, "publish", lambda *_: time.sleep(60))
        patch.setattr(publishing, "_LATE_SECONDS", 0.1)
        patch.setattr(publishing, "LONGEST_SECONDS", 0.3)
        began = time.monotonic()
        publisher.work_if_due()
        first = publisher._child
        time.sleep(0.2)
        with pytest.raises(StatusFolderUnusable, match="has not answered"):
            publisher.work_if_due()
        assert publisher._child is first
        time.sleep(0.2)
        with pytest.raises(StatusFolderUnusable, match="has not answered"):
            publisher.work_if_due()
        time.sleep(0.2)
        with pytest.raises(StatusFolderUnusable, match="ended before it was done"):
            publisher.work_if_due()
        assert publisher._child is not first
        assert time.monotonic() - began < 5
        publisher.stop()
    monkeypatch.setattr(publisher, "_again_at", 0.0)
    settle(publisher)
    assert (folder / FULL).exists()


def test_a_list_that_is_missing_is_an_alarm_once_a_minute(
    authority: Authority, publisher: FolderPublisher, folder: Path, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    with authority.database.write() as tx:
        crl.listing.begin(tx, "issuing", ["2-0"], authority.clock.now())
    with capture_logs() as logs:
        settle(publisher)
        monkeypatch.setattr(publisher, "_again_at", 0.0)
        settle(publisher)
    assert [(one["list"], one["why"]) for one in logs] == [("issuing/2-0", "it was never made")]
    assert registry.get_sample_value("directca_publish_withheld_lists") == 1
    assert registry.get_sample_value("directca_publish_complete_seconds") == 0


def test_without_a_folder_nothing_happens(shell: Shell, registry: CollectorRegistry) -> None:
    with closing(rooms.open_authority(shell.data)) as opened:
        idle = FolderPublisher(opened, registry)
        idle.work_if_due()
        assert idle._child is None
    assert list(registry.collect()) == []


def test_by_hand_into_the_folder_of_the_settings_or_another(
    authority: Authority, shell: Shell, folder: Path, tmp_path: Path
) -> None:
    told = shell.json("crl", "publish")
    assert FULL in told["written"]
    assert (folder / FULL).read_bytes() == published(authority)
    assert shell.json("crl", "publish") == {"written": [], "removed": [], "withheld": {}}
    other = tmp_path / "other"
    assert shell.slug("crl", "publish", "--to", other) == "status_folder_unusable"
    assert f"There is no folder {other}. Make it" in shell.refused("crl", "publish", "--to", other)
    other.mkdir()
    assert shell.run("crl", "publish", "--to", other).exit_code == 0
    assert (other / FULL).read_bytes() == published(authority)


def test_by_hand_a_folder_that_lacks_lists_is_told(authority: Authority, shell: Shell) -> None:
    with authority.database.write() as tx:
        crl.listing.begin(tx, "issuing", ["2-0"], authority.clock.now())
    result = shell.run("crl", "publish")
    assert result.exit_code == 1
    assert "it was never made" in result.stdout
    assert "The folder lacks lists: issuing/2-0." in result.stderr


def test_by_hand_without_any_folder_one_has_to_be_named(shell: Shell) -> None:
    assert "--to DIR" in shell.refused("crl", "publish")


@pytest.mark.parametrize("where", [".", "keys", "status/web", "..", "../link"])
def test_a_folder_that_is_mixed_up_with_the_data_folder_is_refused(shell: Shell, where: str) -> None:
    shell.data.with_name("link").symlink_to(shell.data)
    before = sorted(shell.data.rglob("*"))
    assert "neither may be inside the other" in shell.refused("crl", "publish", "--to", shell.data / where)
    with (shell.data / FILE).open("a") as settings:
        settings.write(f'\n[revocation]\npublish_to = "{where}"\n')
    assert "revocation.publish_to is for everybody to read" in shell.refused("config", "check")
    assert "revocation.publish_to is for everybody to read" in shell.refused("crl", "publish")
    assert sorted(shell.data.rglob("*")) == before


def test_two_authorities_of_the_same_name_never_share_a_folder(shell: Shell, tmp_path: Path) -> None:
    twin = Shell(tmp_path / "twin")
    founding.make(twin.data, founding.SANDBOX_NAMES, sandbox=True, port=8600)
    for one in (shell, twin):
        one.json("crl", "make")
    for number, (first, second) in enumerate(((shell, twin), (twin, shell))):
        folder = tmp_path / f"folder{number}"
        folder.mkdir()
        first.json("crl", "publish", "--to", folder)
        first.json("crl", "publish", "--to", folder)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        second.json("crl", "make")
        assert second.slug("crl", "publish", "--to", folder) == "status_folder_unusable"
        for lost in ("aia/issuing.cer", "aia/issuing.p7c", "aia/root.cer", "aia/root.p7c"):
            (folder / lost).unlink()
        assert f"of another authority, so nothing is written: {FULL}" in second.refused("crl", "publish", "--to", folder)
        assert {path: before[path] for path in folder.rglob("*") if path.is_file()} == {
            path: path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
