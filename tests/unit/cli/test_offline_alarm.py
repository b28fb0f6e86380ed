"""The alarm about lists that people must make: a metric that is always true, and a line in the log that is not repeated."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry

from directca.api.metrics import UpkeepMetrics
from directca.cli import offline_alarm
from directca.cli.offline_alarm import OfflineAlarm
from directca.db.sqlite import SqliteDatabase
from directca.revocation import crl
from directca.revocation.model import ListId
from directca.signing.authority import Authority
from directca.signing.file_keys import DeferredKey
from tests.authority import never, policy, root
from tests.world import World, a_world


@pytest.fixture
def world(tmp_path: Path, migrated: Path) -> Iterator[World]:
    path = shutil.copyfile(migrated, tmp_path / "world.sqlite")
    with closing(SqliteDatabase(path, synchronous="OFF")) as database:
        yield a_world(database)


def look(world: World, alarm: OfflineAlarm) -> list[str]:
    """The reasons that are logged."""
    with structlog.testing.capture_logs() as logged, world.database.read() as tx:
        alarm.look(tx, world.revocation)
    return [one["because"] for one in logged]


def test_it_speaks_when_a_list_is_wanted_once_and_counts_always(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = CollectorRegistry()
    alarm = OfflineAlarm(UpkeepMetrics(registry))

    def metric() -> float | None:
        return registry.get_sample_value("directca_offline_crl_wanted", {"authority": "root"})

    crl.produce(world.revocation, ListId("root"), actor="system:test")
    assert (look(world, alarm), metric()) == ([], 0)
    away = Authority(root().issuer, DeferredKey(tmp_path / "root.pem", b"secret", root().issuer.spki_der), policy(), never)
    world.revocation = replace(world.revocation, authorities={**world.revocation.authorities, "root": away})
    assert (look(world, alarm), metric()) == (["the published list runs out"], 1)
    assert (look(world, alarm), metric()) == ([], 1)
    monkeypatch.setattr(offline_alarm, "_AGAIN_SECONDS", 0.0)
    assert (look(world, alarm), metric()) == (["the published list runs out"], 1)
    assert registry.get_sample_value("directca_offline_crl_wanted", {"authority": "issuing"}) == 0
