"""The console on a small database: `a_desk(database)`, an authority with a clinic that may have everything, and Maria of it, who
may sign in."""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from directca.accounts import people
from directca.accounts.joining import Joining
from directca.accounts.passwords import Passwords
from directca.accounts.people import NewPerson, People
from directca.accounts.person import Role
from directca.accounts.rate_config import RateConfig
from directca.accounts.rates import Rates
from directca.accounts.sign_up_config import SignUpConfig
from directca.certificates.query import Counts
from directca.db.engine import Database
from directca.errors import DirectCAError
from directca.oauth.config import OAuthConfig
from directca.oauth.context import OAuth
from directca.revocation import bulk
from directca.vetting import address_upload
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.config import DomainConfig
from directca.vetting.context import Registration
from directca.vetting.domain_context import Domains
from directca.vetting.provider_context import Providers
from directca.web import error_pages, routes
from directca.web.console import routes as console_routes
from directca.web.console.context import Console
from directca.web.context import Web
from directca.web.pages import Pages
from directca.web.provider_http import ProviderHttp
from directca.web.sessions import VisitorCookies
from directca.web.static_files import StaticFiles
from tests.asserting import a_provider
from tests.authority import issuing_ca, root
from tests.billing import PostOffice, some_billing
from tests.clinic import Opening
from tests.in_one_thread import InOneThread
from tests.notice_calls import Mailbox, hooks_of
from tests.people import CHEAP, OPERATOR, PASSWORD, USERNAME, some_factors
from tests.proving import Box, Zones
from tests.website import BASE, in_a_thread, sign_in
from tests.world import World, a_world

ALONE = ApprovalConfig(deciders_bulk=1, deciders_ending=1, deciders_compromise=1)
"""One officer is enough, as in a sandbox."""


@dataclass(frozen=True)
class Desk:
    """The pages, the authority behind them, and people who may sign in."""

    app: FastAPI
    console: Console
    world: World
    walks: list[str]
    """The verifications of the journal that were begun, which a test does itself."""

    def person(self, username: str, *roles: Role, account_id: str | None = None, name: str = "") -> None:
        """Somebody else who may sign in."""
        new = NewPerson(account_id or self.world.account_id, username, name or username, PASSWORD, frozenset(roles))
        people.create(self.console.web.people, new, actor=OPERATOR)

    def browser(self) -> TestClient:
        """A browser that keeps cookies and follows no redirect by itself."""
        return InOneThread(self.app, BASE, raise_server_exceptions=False)

    def signed_in(self, username: str = USERNAME) -> TestClient:
        """A browser in which somebody is signed in."""
        browser = self.browser()
        assert sign_in(browser, username).status_code == 303
        return browser


def a_desk(database: Database, rates: RateConfig | None = None, base: str = BASE, asserts: str | None = None) -> Desk:
    """Everything that the console needs."""
    world = a_world(database)
    known = People(database, world.clock, secrets.token_bytes, Passwords(CHEAP, secrets.token_bytes))
    rules = world.issuance.policy.rules
    cookies, static = VisitorCookies(https=False, random=secrets.token_bytes), StaticFiles()
    pages = Pages(base, world.clock, static, cookies)
    oauth = OAuth(database, world.clock, OAuthConfig(base))
    web = Web(known, some_factors(known, base), oauth, pages, cookies, static, in_a_thread)
    opening = Opening()
    walks: list[str] = []

    def at_once(job: str) -> None:
        bulk.work(world.revocation, job, holder="test")

    registration = Registration(database, world.clock, rules, ALONE, known, opening.seal, opening.open)
    nobody = Providers(registration, (), ProviderHttp(Path()), BASE, Path(), time.monotonic)
    console = Console(
        web=web,
        database=database,
        clock=world.clock,
        issuance=world.issuance,
        revocation=world.revocation,
        registration=registration,
        providers=nobody if asserts is None else a_provider(registration, asserts)[0],
        domains=Domains(database, world.clock, secrets.token_bytes, rules, DomainConfig(), Zones(), Box()),
        billing=some_billing(database, world.clock),
        joining=Joining(known, PostOffice(), SignUpConfig(), BASE),
        counts=Counts(),
        webhooks=hooks_of(world),
        post=Mailbox(),
        rates=Rates(database, world.clock, rates or RateConfig(), lambda _kind: None),
        chains={"issuing": tuple(one.issuer.certificate_der or b"" for one in (issuing_ca(), root()))},
        begin_revocations=at_once,
        begin_verification=walks.append,
        look_at_addresses=lambda upload: address_upload.work(registration, upload) and None,
        settings=(("server", (("port", "8600"),)),),
    )
    app = FastAPI(openapi_url=None)
    app.include_router(routes.router(web))
    app.include_router(console_routes.router(console))

    async def answer(request: Request, error: Exception) -> Response:
        return error_pages.answer(pages, request, error)

    for kind in (DirectCAError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)
    desk = Desk(app, console, world, walks)
    desk.person(USERNAME, name="Maria")
    return desk
