"""A page whose client went away while it waited is answered with nothing, and is no failure."""

import asyncio
from contextlib import closing
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.requests import ClientDisconnect

from directca import app, rooms
from directca.api.metrics import Metrics
from directca.api.queue import Queue
from tests.unit.cli.conftest import Shell


async def _gone(*_: object, **__: object) -> None:
    raise ClientDisconnect


def test_a_page_of_a_client_that_has_gone_is_no_failure(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Queue, "run", _gone)
    registry, sent = CollectorRegistry(), list[Any]()
    with closing(rooms.open_authority(shell.data)) as authority:
        framed = app.asgi(authority, Metrics(registry))

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        async def ask(scope: dict[str, Any]) -> None:
            await framed(scope, receive, send)

        scope = {"type": "http", "method": "GET", "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b"", "headers": []}
        asyncio.run(ask(scope))
    assert sent == []
    told = [one for family in registry.collect() for one in family.samples if one.name == "directca_requests_total" and one.value]
    assert [one.labels["status"] for one in told] == ["0"]
