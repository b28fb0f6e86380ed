"""The pages for people on a small database: `a_site(database)`, to be visited with `Browser`-like test clients."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from directca.db.engine import Database
from directca.errors import DirectCAError
from directca.oauth import applications
from directca.oauth.applications import NewApplication, Registered
from directca.oauth.authorize import AuthorizationRequest, consider, decide
from directca.oauth.config import OAuthConfig
from directca.oauth.context import OAuth
from directca.oauth.protocol import OAuthRequest, Parameters
from directca.oauth.token import token
from directca.web import error_pages
from directca.web.context import Web
from directca.web.pages import Pages
from directca.web.routes import router
from directca.web.sessions import VisitorCookies
from directca.web.static_files import StaticFiles
from tests.browser import forms, query_of
from tests.in_one_thread import InOneThread
from tests.people import OPERATOR, PASSWORD, USERNAME, Clinic, a_clinic, some_factors

BASE = "http://127.0.0.1:8000"
CALLBACK = "https://app.example.com/callback"


@dataclass(frozen=True)
class Site:
    """An application, its surroundings, and somebody who may sign in."""

    web: Web
    app: FastAPI
    clinic: Clinic
    base: str

    def browser(self) -> TestClient:
        """A browser that keeps cookies and follows no redirect by itself."""
        return InOneThread(self.app, self.base, raise_server_exceptions=False)

    def signed_in(self) -> TestClient:
        """A browser in which Maria is signed in."""
        browser = self.browser()
        answer = sign_in(browser)
        assert answer.status_code == 303
        return browser

    def application(self, name: str = "Records Exchange") -> Registered:
        """A registered application."""
        new = NewApplication(name, "Example Health Software", (CALLBACK,), self.clinic.account_id)
        return applications.register(self.web.oauth, new, actor=OPERATOR)

    def connect(self, application: Registered, scope: str = "tuser.account") -> None:
        """Maria grants the application what it asks for, and it takes its token."""
        pairs = (
            ("client_id", application.client.client_id),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", scope),
        )
        asked = consider(self.web.oauth, Parameters(pairs))
        assert isinstance(asked, AuthorizationRequest)
        code = query_of(decide(self.web.oauth, asked, self.clinic.maria, granted=True).location)["code"]
        assert application.secret is not None
        redeemed = (
            ("grant_type", "authorization_code"),
            ("client_id", application.client.client_id),
            ("client_secret", application.secret),
            ("code", code),
        )
        assert token(self.web.oauth, OAuthRequest(Parameters(redeemed))).status == 200


async def in_a_thread(_request: Request, page: Callable[[], Response]) -> Response:
    """Make a page without a queue."""
    return await run_in_threadpool(page)


def a_site(database: Database, base: str = BASE) -> Site:
    """The pages, on plain http at loopback or on https."""
    clinic = a_clinic(database)
    https = base.startswith("https://")
    cookies, static = VisitorCookies(https, secrets.token_bytes), StaticFiles(https=https)
    pages = Pages(base, clinic.clock, static, cookies)
    factors = some_factors(clinic.people, base)
    web = Web(clinic.people, factors, OAuth(database, clinic.clock, OAuthConfig(base)), pages, cookies, static, in_a_thread)
    app = FastAPI(openapi_url=None)
    app.include_router(router(web))

    @app.get("/broken")
    def broken(request: Request) -> Response:
        request.state.request_id = "01JD-REQUEST"
        raise RuntimeError("the password of the database is hunter2")

    async def answer(request: Request, error: Exception) -> Response:
        return error_pages.answer(pages, request, error)

    for kind in (DirectCAError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)
    return Site(web, app, clinic, base)


@contextmanager
def served(app: FastAPI, port: int) -> Iterator[None]:
    """The pages on a port of this machine, for a real browser."""
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(10)


def token_of(page: str) -> str:
    """The token that the page's forms carry."""
    return next(value for form in forms(page) for name, value in form.fields if name == "csrf_token")


def sign_in(browser: TestClient, username: str = USERNAME, password: str = PASSWORD, **fields: str) -> Response:
    """Open the form, fill it in, send it."""
    page = browser.get("/sign-in")
    filled = {"username": username, "password": password, "csrf_token": token_of(page.text), **fields}
    return browser.post("/sign-in", data=filled)  # type: ignore[return-value]
