"""What waits for webhooks has a few threads of its own: who comes when they are taken is sent away at once."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from directca.api.queue import Queue
from directca.api.webhooks import WebhookFunctions
from directca.api.work import Work
from directca.api.work_metrics import WorkMetrics
from directca.notices.webhook_errors import WebhooksBusy


def test_webhooks_that_do_not_answer_hold_up_nothing_else() -> None:
    work = Work(WorkMetrics(CollectorRegistry()), Queue(4, 1.0, lambda: None))
    request: Any = SimpleNamespace()
    functions = WebhookFunctions(SimpleNamespace(work=work), SimpleNamespace(notices=None))  # type: ignore[arg-type]  # all it needs
    ends = threading.Event()

    async def story() -> None:
        loop = asyncio.get_running_loop()
        waiting: list[Any] = []
        for count in (4, 12):
            waiting += [
                loop.create_task(work.do("change_webhook", request, ends.wait, apart=functions._places())) for _ in range(count)
            ]
            await asyncio.sleep(0.05)
        with pytest.raises(WebhooksBusy):
            functions._places()
        assert await work.do("issue", request, lambda: "issued") == "issued"
        ends.set()
        await asyncio.gather(*waiting)
        functions._places()

    asyncio.run(story())
