"""Every address of the whole application says, when it is used with another method, which methods it takes."""

import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from directca import app, rooms
from directca.api.metrics import Metrics
from tests.in_one_thread import InOneThread
from tests.unit.cli.conftest import Shell

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
MATCHED_FIRST = {
    **{
        f"/api/certificate/{word}": "/api/certificate/x"
        for word in ("query", "query/", "report-compromise", "report-compromise/")
    },
    **{f"/api/case/{word}": "/api/case/x" for word in ("queue", "queue/")},
}
"""Addresses that the pattern of a record's, or of a case's, takes too."""


@pytest.fixture
def served(shell: Shell) -> Iterator[tuple[TestClient, dict[str, set[str]]]]:
    """A client of the application, and each of its addresses with the methods of all its routes."""
    with closing(rooms.open_authority(shell.data)) as authority:
        framed: Any = app.asgi(authority, Metrics(CollectorRegistry()))  # its layers are looked into
        taken: dict[str, set[str]] = {}
        for route in every_route(framed._app._app._otherwise.routes):
            path = re.sub(r"\{[a-zA-Z_]+(?::path)?\}", "x", route.path)
            taken.setdefault(path, set()).update(route.methods)
        yield InOneThread(framed, "http://127.0.0.1:8600"), taken


def every_route(routes: list[Any]) -> Iterator[Any]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from every_route(route.original_router.routes)
        else:
            yield route


def test_every_405_names_the_methods_that_the_address_takes(served: tuple[TestClient, dict[str, set[str]]]) -> None:
    client, taken = served
    assert {"/.well-known/oauth-authorization-server", "/oauth/authorize", "/sign-in", "/docs"} <= set(taken)
    for path, methods in taken.items():
        expected = methods | (taken[MATCHED_FIRST[path]] if path in MATCHED_FIRST else set())
        for method in METHODS:
            if method not in expected:
                answer = client.request(method, path)
                assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, expected), (method, path)


def test_a_record_may_be_read_and_reissued_and_the_metadata_be_asked_for_its_head(served: tuple[TestClient, Any]) -> None:
    client, _ = served
    assert client.delete("/api/certificate/alice@direct.example.org").headers["allow"] == "GET, PATCH"
    assert client.post("/.well-known/oauth-authorization-server").headers["allow"] == "GET, HEAD"


def test_an_address_that_does_not_exist_allows_nothing(served: tuple[TestClient, Any]) -> None:
    answer = served[0].put("/nothing")
    assert (answer.status_code, "allow" in answer.headers) == (404, False)
