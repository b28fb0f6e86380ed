"""What waits for name and mail servers has a few threads of its own: who comes when they are taken is sent away at once."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from directca.api.domains import DomainFunctions
from directca.api.queue import Queue
from directca.api.work import Work
from directca.api.work_metrics import WorkMetrics
from directca.db.engine import Database
from directca.vetting.domain_errors import DomainLooksBusy
from tests.proving import proving


def test_slow_name_servers_hold_up_nothing_else(database: Database) -> None:
    work = Work(WorkMetrics(CollectorRegistry()), Queue(4, 1.0, lambda: None))
    request: Any = SimpleNamespace()
    functions = DomainFunctions(SimpleNamespace(work=work), proving(database).domains)  # type: ignore[arg-type]  # all it needs
    ends = threading.Event()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        looks = [loop.create_task(work.do("check_domain", request, ends.wait, apart=functions._places())) for _ in range(4)]
        await asyncio.sleep(0.05)
        waiting: list[Any] = [
            loop.create_task(work.do("check_domain", request, ends.wait, apart=functions._places())) for _ in range(12)
        ]
        await asyncio.sleep(0.05)
        with pytest.raises(DomainLooksBusy):
            functions._places()
        assert await work.do("issue", request, lambda: "issued") == "issued"
        ends.set()
        await asyncio.gather(*looks, *waiting)
        functions._places()

    asyncio.run(story())
