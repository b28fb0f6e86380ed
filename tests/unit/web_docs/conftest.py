"""The documentation by itself, over a small API: no database, no keys."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from directca.clock import SystemClock
from directca.web.docs.router import Docs, router
from directca.web.pages import Pages
from directca.web.sessions import VisitorCookies
from directca.web.static_files import StaticFiles
from tests.website import in_a_thread

BASE = "https://ca.example.org"


class Thing(BaseModel):
    """A thing that is made."""

    size: int = Field(description="In `cm`.", ge=1, le=9)
    label: str | None = None


def an_app(*, sandbox: Path | None = None) -> FastAPI:
    """The documentation's routes, one function to be described, and the static files."""
    static = StaticFiles(https=True)
    pages = Pages(BASE, SystemClock(), static, VisitorCookies(https=True, random=secrets.token_bytes))
    app = FastAPI(docs_url=None, redoc_url=None)

    @app.post("/api/thing/{name}", tags=["Things"], summary="Make")
    def make(name: str, thing: Thing, twice: bool = False) -> Thing:
        """Make a thing.

        It has a `size`.
        """
        return thing

    @app.get("/static/{name:path}", include_in_schema=False)
    def file(request: Request, name: str) -> Response:
        return static.answer(request, name)

    app.include_router(router(Docs(pages, app.openapi, in_a_thread, sandbox)))
    return app


@pytest.fixture(scope="module")
def reader() -> Iterator[TestClient]:
    """Somebody who reads the documentation."""
    with TestClient(an_app(), base_url=BASE, follow_redirects=False) as client:
        yield client
