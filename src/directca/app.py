"""The composition root: from a data folder's settings to an authority with every room built, and to its HTTP application."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from directca.accounts.passwords import Passwords
from directca.accounts.people import People
from directca.api import certificates as certificate_api
from directca.api import errors as api_errors
from directca.api import oauth as oauth_api
from directca.api import revocations as revocation_api
from directca.api.allow import allowed
from directca.api.context import Api
from directca.api.frame import Frame
from directca.api.metrics import Metrics
from directca.api.plain import PlainRoutes
from directca.api.records import chain
from directca.api.tally import Tally
from directca.certificates import authorities, authority_standing, switch
from directca.certificates.addresses import ca_issuers_uri, crl_uri, ocsp_uri
from directca.certificates.listing import partition_names
from directca.certificates.model import AuthorityEntry
from directca.certificates.query import Counts
from directca.clock import Clock, SystemClock
from directca.db import migrate
from directca.db.engine import Database, Tx
from directca.db.opening import open_database
from directca.errors import DirectCAError, Unavailable
from directca.issuance.context import Issuance, IssuanceConfig
from directca.issuance.distribution import Distribution
from directca.issuance.found import ISSUING, ROOT
from directca.oauth import scopes
from directca.oauth.context import OAuth
from directca.pki import keys, profiles
from directca.pki.certificate_view import read_issuer
from directca.pki.profiles import Policy
from directca.pki.templates import Addresses
from directca.responders import health
from directca.revocation import crl, ocsp
from directca.revocation.compromise import Desk as ReportDesk
from directca.revocation.context import Revocation
from directca.revocation.errors import NothingFresh
from directca.revocation.freshness import FreshLists
from directca.revocation.model import ListId
from directca.revocation.ocsp import Ocsp
from directca.revocation.ocsp_signers import OcspSigners
from directca.revocation.responder_errors import NoResponder
from directca.revocation.responders import Responding, UsableResponders
from directca.settings import FILE, Settings, load
from directca.signing import file_keys
from directca.signing.authority import Authority as SigningAuthority
from directca.signing.key_folder import KeyFolder
from directca.signing.port import SigningKey
from directca.web import authorize as authorize_page
from directca.web import error_pages
from directca.web import routes as web_routes
from directca.web.context import Web
from directca.web.docs import router as docs_routes
from directca.web.docs.router import Docs
from directca.web.headers import headers_of_everything
from directca.web.pages import Pages
from directca.web.sessions import VisitorCookies
from directca.web.static_files import StaticFiles

VERSION = "0.1.0"
_CA_BITS = 3072
_LOG = structlog.get_logger("directca.app")
_JSON_PATHS = ("/api/", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/.well-known/", "/openapi.json")


class NotFounded(Unavailable):
    """The data folder holds no certificate authority yet."""

    slug = "not_founded"


@dataclass(frozen=True)
class Authority:
    """Every room of a running authority. `issuance`, `revocation` and `ocsp` need keys and so the passphrase."""

    settings: Settings
    clock: Clock
    database: Database
    policy: Policy
    people: People
    oauth: OAuth
    entries: dict[str, AuthorityEntry]
    issuance: Issuance
    revocation: Revocation
    ocsp: Ocsp

    def close(self) -> None:
        """Give back what is held open."""
        self.database.close()


@dataclass(frozen=True)
class Desk:
    """The rooms that work without a CA key: what an operator's command about people and records needs."""

    settings: Settings
    clock: Clock
    database: Database
    policy: Policy
    people: People
    oauth: OAuth


def open_desk(data: Path, *, port: int | None = None, workers: int | None = None, clock: Clock | None = None) -> Desk:
    """The authority of a data folder without its keys. Raises BadSettings, NotFounded, BadPolicy, DatabaseUnusable."""
    settings = load(data, port=port, workers=workers)
    if settings.database_file is not None and not settings.database_file.exists():
        # Before a connection would make an empty one, which would hide that there was none, or that it was lost.
        raise _not_founded(settings)
    clock = clock or SystemClock()
    database = open_database(settings.database, settings.database_password())
    migrate.upgrade(database)
    passwords = Passwords(settings.passwords_per_worker(), token_bytes)
    return Desk(
        settings=settings,
        clock=clock,
        database=database,
        policy=profiles.load(settings.policy.read_bytes()),
        people=People(database, clock, token_bytes, passwords, settings.sessions, settings.limits),
        oauth=OAuth(database, clock, settings.oauth_config(), token_bytes),
    )


def open_authority(data: Path, *, port: int | None = None, workers: int | None = None, clock: Clock | None = None) -> Authority:
    """The authority of a data folder, able to sign. Raises also NotFounded, WrongPassphrase, KeyUnusable, BlocklistDamaged."""
    desk = open_desk(data, port=port, workers=workers, clock=clock)
    with desk.database.read() as tx:
        entries = {entry.id: entry for entry in authorities.known(tx)}
    if ISSUING not in entries:
        raise _not_founded(desk.settings)
    signers = _signers(desk, entries)
    revocation = Revocation(desk.database, desk.clock, desk.policy, signers, desk.settings.relying_party_url)
    return Authority(
        settings=desk.settings,
        clock=desk.clock,
        database=desk.database,
        policy=desk.policy,
        people=desk.people,
        oauth=desk.oauth,
        entries=entries,
        issuance=_issuance(desk, entries, signers),
        revocation=revocation,
        ocsp=_ocsp(desk.settings, revocation),
    )


def is_blank(settings: Settings) -> bool:
    """Whether nothing of an authority exists yet where the settings say it is to be."""
    files = [settings.policy] if settings.database_file is None else [settings.policy, settings.database_file]
    return not (any(file.exists() for file in files) or any(settings.keys.glob("*")))


def addresses(settings: Settings, authority_id: str) -> Addresses:
    """Where an authority's full list and certificate are, and, of the authority that has responders, where OCSP is answered."""
    base = settings.relying_party_url
    answers = ocsp_uri(base) if authority_id == ISSUING else None
    return Addresses(crl=crl_uri(base, authority_id), ca_issuers=ca_issuers_uri(base, authority_id), ocsp=answers)


def authority_key(settings: Settings, reference: str) -> SigningKey:
    """The key of an authority that is being founded: the file that an interrupted founding left, else a new one, RSA-3072."""
    path, passphrase = settings.keys / reference, settings.passphrase()
    return file_keys.load(path, passphrase) if path.exists() else file_keys.create(path, passphrase, bits=_CA_BITS)


def offline_authority(certificate_der: bytes, key: Path, passphrase: bytes, policy: Policy) -> SigningAuthority:
    """An authority on the machine where its key is kept, without a database and so without a switch that stops signing.

    Raises DerError, KeyUnusable, WrongPassphrase, LintFailed.
    """
    return SigningAuthority(read_issuer(certificate_der), file_keys.load(key, passphrase), policy, lambda: None)


def asgi(authority: Authority, metrics: Metrics) -> ASGIApp:
    """The HTTP application with every edge."""
    settings = authority.settings
    app = FastAPI(
        title="Direct CA API",
        version=f"3.0+directca.{VERSION}",
        description="Certificates for Direct addresses and domains, and the authorization server before them.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": settings.public_url}],
    )
    app.openapi = _documented(app, settings)  # type: ignore[method-assign]  # FastAPI's way to extend its document
    web = _web(authority)
    tally = Tally(authority.database, authority.clock)
    api = _api(authority, metrics)
    called_often = certificate_api.router(api), revocation_api.router(api), oauth_api.router(authority.oauth, tally.count)
    for router in called_often:
        app.include_router(router)
    app.include_router(authorize_page.router(web))
    sandbox = settings.data if settings.sandbox.enabled else None
    app.include_router(docs_routes.router(Docs(web.pages, app.openapi, sandbox)))
    app.include_router(web_routes.router(web))
    app.router.routes.extend(health.routes(lambda: _checks(authority)))

    async def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, Unavailable):
            # The caller can do nothing about it, so the operator must hear of it; a failed lint's findings are in its text.
            _LOG.error("not available", request_id=request.state.request_id, error=error.slug, detail=str(error))
        if isinstance(error, HTTPException) and error.status_code == 405:
            error = HTTPException(405, headers={"Allow": allowed(app.routes, request.scope)})
        if request.url.path.startswith(_JSON_PATHS):
            if isinstance(error, DirectCAError):
                tally.count(error.slug)
            return api_errors.answer(error, request.state.request_id)
        return error_pages.answer(web.pages, request, error)

    threading.Thread(target=web.pages.warm, daemon=True).start()
    app.add_exception_handler(DirectCAError, answer)
    app.add_exception_handler(HTTPException, answer)
    app.add_exception_handler(Exception, answer)  # answered in the edge's own form, then raised again for the frame to log
    always = headers_of_everything(https=web.pages.https).items()
    edges = PlainRoutes(called_often, app, answer)
    return Frame(edges, seconds=settings.server.request_seconds, observed=metrics.observed, always=always)


def _not_founded(settings: Settings) -> NotFounded:
    data, init = settings.data, f"`directca init --data {settings.data} --organization NAME`"
    if is_blank(settings):
        return NotFounded(
            f"There is no certificate authority in {data} yet. Make it with {init}, or, for a sandbox to try it in, "
            f"set enabled = true under [sandbox] in {data / FILE}."
        )
    return NotFounded(
        f"There is no certificate authority in {settings.database}. If there was one, restore a backup with `directca restore`; "
        f"if there was none, make it with {init}."
    )


def _signers(desk: Desk, entries: dict[str, AuthorityEntry]) -> dict[str, SigningAuthority]:
    guard = switch.Guard(desk.database)
    passphrase = desk.settings.passphrase()
    signers = {}
    for entry in entries.values():
        issuer = read_issuer(entry.certificate_der)
        path = desk.settings.keys / entry.key_reference
        deferred = entry.id == ROOT
        key = (
            file_keys.DeferredKey(path, passphrase, issuer.spki_der)
            if deferred
            else file_keys.load(path, passphrase, at_once=desk.settings.cores_per_worker)
        )
        signers[entry.id] = SigningAuthority(issuer, key, desk.policy, guard)
    return signers


def _ocsp(settings: Settings, revocation: Revocation) -> Ocsp:
    keys_of_responders = KeyFolder(settings.keys, settings.passphrase(), at_once=settings.cores_per_worker)
    desk = Responding(revocation, keys_of_responders, {ISSUING: addresses(settings, ISSUING)}, token_bytes)
    signers = OcspSigners(desk, switch.Guard(revocation.database))
    return Ocsp(
        revocation=revocation,
        signers=signers,
        issuers=ocsp.issuers_of(revocation, signers.served),
        by_name=settings.revocation.responder_id == "name",
        abandoned_after=timedelta(seconds=settings.issuance.abandoned_after_seconds),
    )


def _issuance(desk: Desk, entries: dict[str, AuthorityEntry], signers: dict[str, SigningAuthority]) -> Issuance:
    config = desk.settings.issuance
    return Issuance(
        database=desk.database,
        clock=desk.clock,
        policy=desk.policy,
        authority=signers[ISSUING],
        authority_id=ISSUING,
        issuer_dn=entries[ISSUING].subject_dn,
        distribution=Distribution(
            ISSUING,
            addresses(desk.settings, ISSUING),
            desk.settings.relying_party_url,
            desk.settings.revocation.partitions,
        ),
        prices=desk.settings.prices,
        blocked_keys=desk.settings.blocked_keys(),
        check_status=_status_check(desk),
        own_keys=frozenset(keys.read_spki(one.issuer.spki_der).modulus_sha256 for one in signers.values()),
        config=IssuanceConfig(config.assurance, timedelta(seconds=config.abandoned_after_seconds)),
    )


def _status_check(desk: Desk) -> Callable[[Tx], None]:
    """What a relying party needs for a subscriber's certificate must be there: an issuing CA that is not revoked, its lists and
    the root's, and somebody who answers OCSP."""
    base = desk.settings.relying_party_url
    named = partition_names(desk.settings.revocation.partitions)
    points = {ListId(ISSUING, name): crl_uri(base, ISSUING, name) if name else None for name in named}
    lists = FreshLists({ListId(ISSUING): None, ListId(ROOT): None, **points})
    responders = UsableResponders((ISSUING,))

    def check(tx: Tx) -> None:
        authority_standing.check_certifies(tx, ISSUING)
        lists.check(tx, desk.clock.now())
        responders.check(tx, desk.clock.now())

    return check


def _api(authority: Authority, metrics: Metrics) -> Api:
    return Api(
        database=authority.database,
        clock=authority.clock,
        issuance=authority.issuance,
        revocation=authority.revocation,
        counts=Counts(),
        chains={ISSUING: chain(authority.entries[ISSUING].certificate_der, authority.entries[ROOT].certificate_der)},
        public_url=authority.settings.public_url,
        reports=ReportDesk(authority.settings.public_url, authority.settings.limits, authority.ocsp.signers.desk),
        succeeded=metrics.succeeded,
        own_key_reported=metrics.own_key_reported,
    )


def _web(authority: Authority) -> Web:
    settings = authority.settings
    https = settings.public_url.startswith("https://")
    cookies = VisitorCookies(https=https, random=token_bytes, browser_days=settings.sessions.browser_days)
    static = StaticFiles(https=https)
    pages = Pages(settings.public_url, authority.clock, static, cookies)
    return Web(people=authority.people, oauth=authority.oauth, pages=pages, cookies=cookies, static=static)


def _checks(authority: Authority) -> dict[str, str]:
    """What readiness means: the database answers, every CRL is fresh, OCSP has a responder. A node whose signing is stopped still
    serves status."""
    checks = {"database": "ok", "crl": "ok", "ocsp": "ok"}
    try:
        authority.database.check_writing()
        with authority.database.read() as tx:
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


def _documented(app: FastAPI, settings: Settings) -> Any:
    """FastAPI's document with the one security scheme that all functions share."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = plain()
            made.setdefault("components", {}).setdefault("securitySchemes", {})["oauth2"] = {
                "type": "oauth2",
                "flows": {
                    "authorizationCode": {
                        "authorizationUrl": f"{settings.public_url}/oauth/authorize",
                        "tokenUrl": f"{settings.public_url}/oauth/token",
                        "refreshUrl": f"{settings.public_url}/oauth/token",
                        "scopes": {name: text.format(account="the account") for name, text in scopes.SENTENCES.items()},
                    }
                },
            }
        assert app.openapi_schema is not None  # `plain` keeps what it made
        return app.openapi_schema

    return document
