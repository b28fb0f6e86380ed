"""The HTTP application of an authority: every edge over its rooms."""

import threading
import time
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from secrets import token_bytes

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from directca.accounts.factors import Factors
from directca.accounts.passkeys import site_of
from directca.accounts.rates import Rates
from directca.api import applications as application_api
from directca.api import background, openapi
from directca.api import cases as case_api
from directca.api import certificates as certificate_api
from directca.api import domains as domain_api
from directca.api import errors as api_errors
from directca.api import events as event_api
from directca.api import mailboxes as mailbox_api
from directca.api import money as money_api
from directca.api import oauth as oauth_api
from directca.api import organizations as organization_api
from directca.api import proposals as proposal_api
from directca.api import revocations as revocation_api
from directca.api import users as user_api
from directca.api import webhooks as webhook_api
from directca.api.allow import allowed
from directca.api.context import Api
from directca.api.frame import Frame
from directca.api.metrics import OVERLOAD, Metrics
from directca.api.plain import PlainRouter, PlainRoutes
from directca.api.queue import PAGE, Overloaded, Queue
from directca.api.records import chain
from directca.api.tally import Tally
from directca.api.throttle import Throttle
from directca.api.traces import Traces
from directca.api.work import Work
from directca.certificates.query import Counts
from directca.db import step
from directca.errors import DirectCAError, RateLimited, Unavailable
from directca.issuance.found import ISSUING, ROOT
from directca.responders import health
from directca.revocation import crl
from directca.revocation.compromise import Desk as ReportDesk
from directca.revocation.errors import NothingFresh
from directca.revocation.responder_errors import NoResponder
from directca.revocation.responders import UsableResponders
from directca.rooms import Authority
from directca.settings import SECTIONS, Settings
from directca.signing.errors import KeyUnusable
from directca.signing.sealed_secrets import SealedSecrets
from directca.vetting.provider_context import Providers
from directca.web import authorize as authorize_page
from directca.web import error_pages, joining_pages
from directca.web import routes as web_routes
from directca.web.console import routes as console_routes
from directca.web.console.context import Console
from directca.web.context import Web
from directca.web.docs import router as docs_routes
from directca.web.docs.router import Docs
from directca.web.headers import headers_of_everything
from directca.web.pages import Pages
from directca.web.provider_http import ProviderHttp
from directca.web.sessions import VisitorCookies
from directca.web.static_files import StaticFiles

VERSION = "0.1.0"
_LOG = structlog.get_logger("directca.app")
_JSON_PATHS = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/.well-known/", "/openapi.json")


def asgi(
    authority: Authority, metrics: Metrics, traces: Traces | None = None, draining: Callable[[], bool] = lambda: False
) -> ASGIApp:
    """The HTTP application with every edge; `draining`: whether the server is about to end."""
    settings = authority.settings
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    server = settings.server
    queue = Queue(server.threads, server.longest_wait_ms / 1000, lambda: metrics.refused(OVERLOAD))
    web = _web(authority, queue)
    tally = Tally(authority.database, authority.clock)
    rates = Rates(authority.database, authority.clock, settings.rates, metrics.refused)
    api = _api(authority, metrics, rates, queue)
    called_often = _called_often(authority, api, tally)
    document = openapi.Document(VERSION, settings.public_url, called_often)
    for router in called_often:
        app.router.routes.extend(router.routes)
    app.router.routes.append(openapi.route(document, web.made))
    app.include_router(authorize_page.router(web))
    app.include_router(docs_routes.router(_docs(web, document, settings)))
    app.include_router(web_routes.router(web))
    app.include_router(joining_pages.router(web, authority.joining))
    app.include_router(console_routes.router(_console(authority, web, api)))
    app.router.routes.extend(health.routes(_readiness(authority, draining)))

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, ClientDisconnect):
            return _Unheard()
        if isinstance(error, Unavailable) and not isinstance(error, Overloaded):
            # The caller can do nothing about it, so the operator must hear of it; a failed lint's findings are in its text.
            # Overload is nothing that fails: the metrics tell of it, and a line for each refusal would be more load.
            _LOG.error("not available", request_id=request.state.request_id, error=error.slug, detail=str(error))
        if isinstance(error, HTTPException) and error.status_code == 405:
            error = HTTPException(405, headers={"Allow": allowed(app.routes, request.scope)})
        if request.url.path.startswith(_JSON_PATHS):
            if isinstance(error, DirectCAError):
                tally.count(error.slug)
            if isinstance(error, RateLimited | Unavailable) and request.url.path.startswith(oauth_api.PATHS):
                return oauth_api.sent(oauth_api.explained(error))
            return api_errors.answer(error, request.state.request_id)
        return error_pages.answer(web.pages, request, error)

    threading.Thread(target=web.pages.warm, daemon=True).start()
    app.add_exception_handler(DirectCAError, answer)
    app.add_exception_handler(HTTPException, answer)
    app.add_exception_handler(Exception, answer)  # answered in the edge's own form, then raised again for the frame to log
    always = headers_of_everything(https=web.pages.https).items()
    edges = Throttle(PlainRoutes(called_often, app, answer), rates, answer)
    return Frame(edges, seconds=server.request_seconds, observed=metrics.observed, always=always, traces=traces)


def _called_often(authority: Authority, api: Api, tally: Tally) -> tuple[PlainRouter, ...]:
    """What software calls, past FastAPI's layers where it can."""
    return (
        certificate_api.router(api),
        revocation_api.router(api),
        domain_api.router(api, authority.domains),
        mailbox_api.router(api),
        case_api.router(api),
        organization_api.router(api),
        event_api.router(api, authority.webhooks.notices),
        webhook_api.router(api, authority.webhooks),
        proposal_api.router(api),
        application_api.router(api, authority.oauth),
        money_api.router(api, authority.billing),
        user_api.router(api, authority.joining, authority.oauth),
        oauth_api.router(authority.oauth, tally.count, api.rates, api.work),
    )


def _api(authority: Authority, metrics: Metrics, rates: Rates, queue: Queue) -> Api:
    return Api(
        database=authority.database,
        clock=authority.clock,
        issuance=authority.issuance,
        revocation=authority.revocation,
        registration=authority.registration,
        counts=Counts(),
        chains={ISSUING: chain(authority.entries[ISSUING].certificate_der, authority.entries[ROOT].certificate_der)},
        public_url=authority.settings.public_url,
        rates=rates,
        reports=ReportDesk(authority.settings.public_url, authority.settings.limits, authority.ocsp.signers.desk),
        work=Work(metrics.work, queue),
        succeeded=metrics.succeeded,
        own_key_reported=metrics.own_key_reported,
    )


def _web(authority: Authority, queue: Queue) -> Web:
    settings = authority.settings
    https = settings.public_url.startswith("https://")
    cookies = VisitorCookies(https=https, random=token_bytes, browser_days=settings.sessions.browser_days)
    static = StaticFiles(https=https)
    pages = Pages(settings.public_url, authority.clock, static, cookies)
    factors = Factors(authority.people, SealedSecrets(settings.passphrase()), site_of(settings.public_url))

    async def made(request: Request, page: Callable[[], Response]) -> Response:
        return await queue.run(PAGE, request, page)

    return Web(authority.people, factors, authority.oauth, pages, cookies, static, made, settings.sign_up.open)


def _console(authority: Authority, web: Web, api: Api) -> Console:
    return Console(
        web=web,
        database=authority.database,
        clock=authority.clock,
        issuance=authority.issuance,
        revocation=authority.revocation,
        registration=authority.registration,
        domains=authority.domains,
        providers=_providers(authority),
        billing=authority.billing,
        joining=authority.joining,
        counts=api.counts,
        webhooks=authority.webhooks,
        post=authority.post,
        rates=api.rates,
        chains={ISSUING: (authority.entries[ISSUING].certificate_der, authority.entries[ROOT].certificate_der)},
        begin_revocations=partial(background.begin, authority.revocation),
        begin_verification=partial(background.verify, authority.database, authority.clock),
        look_at_addresses=partial(background.look_at_addresses, authority.registration),
        settings=_told(authority.settings),
    )


def _told(settings: Settings) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The settings in force. None holds a secret: those are in files of their own, or in the environment."""
    return tuple(
        (section, tuple((one.name, str(getattr(getattr(settings, section), one.name))) for one in fields(kind)))
        for section, kind in SECTIONS.items()
    )


def _providers(authority: Authority) -> Providers:
    settings, data = authority.settings, authority.settings.data
    return Providers(
        authority.registration, settings.identity_providers, ProviderHttp(data), settings.public_url, data, time.monotonic
    )


def _docs(web: Web, document: openapi.Document, settings: Settings) -> Docs:
    return Docs(web.pages, document, web.made, settings.data if settings.sandbox.enabled else None)


def _readiness(authority: Authority, draining: Callable[[], bool]) -> health.Checks:
    """What readiness means: the database answers, can be written and has the schema that this release needs; every CRL is fresh,
    the key that signs is at hand, OCSP has a responder, and the server is not about to end. A node whose signing is stopped
    still serves status."""
    with authority.database.read() as tx:
        needed = step.stored(tx)

    def check() -> dict[str, str]:
        checks = {"database": "ok", "crl": "ok", "ocsp": "ok", "signer": "ok", "server": "draining" if draining() else "ok"}
        if not authority.revocation.authorities[ISSUING].has_key:
            checks["signer"] = KeyUnusable.slug
        try:
            authority.database.check_writing()
            with authority.database.read() as tx:
                step.check(tx, needed)
                for of in crl.lists(tx):
                    crl.check_fresh(crl.newest(tx, of), authority.clock.now())
                UsableResponders((ISSUING,)).check(tx, authority.clock.now())
        except NothingFresh as error:
            checks["crl"] = error.slug
        except NoResponder as error:
            checks["ocsp"] = error.slug
        except Unavailable as error:
            checks["database"] = error.slug
        return checks

    return check


class _Unheard(Response):
    """Nothing: whoever asked has gone, and a 500 that nobody hears would be counted, and told as an alarm."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""
