"""The certificate functions and the query: parse, call the verb, render. Nothing is decided here."""

import structlog
from starlette.requests import Request
from starlette.responses import Response

from directca.api import bodies, limits, query_parameters, records
from directca.api.addresses import serve
from directca.api.answers import JSON, json_of, json_text
from directca.api.certificate_docs import ISSUE, QUERY, REISSUE, RENEW, REPORT_COMPROMISE, RETRIEVE, REVOKE
from directca.api.certificate_models import CertificateRequest
from directca.api.compromise_models import CompromiseReport, answered
from directca.api.context import Api
from directca.api.plain import PlainRouter
from directca.certificates import query, register
from directca.certificates.filters import Window
from directca.certificates.model import Pair
from directca.certificates.query import Page
from directca.direct import names
from directca.direct.names import DirectName
from directca.issuance.issue import issue
from directca.issuance.model import Application, Rehearsal
from directca.issuance.reissue import reissue
from directca.issuance.renew import renew
from directca.oauth import scopes
from directca.oauth.bearer import check_scope, speaks_for_officer
from directca.oauth.model import Principal
from directca.pki.reasons import RevocationReason
from directca.revocation import ordering
from directca.revocation import policy as revocation_policy
from directca.revocation.compromise import report
from directca.revocation.compromise_model import Report
from directca.revocation.model import Requester
from directca.revocation.ordering import Because
from directca.revocation.revoke import revoke
from directca.vetting import actors
from directca.vetting.proposal_errors import AwaitsApproval
from directca.vetting.proposal_model import Proposal

_LOG = structlog.get_logger("directca.reports")


def router(api: Api) -> PlainRouter:
    """The routes of the five functions and the query, with and without a trailing slash."""
    routes = PlainRouter("Certificates")

    functions = Functions(api)
    serve(routes, "POST", "/api/certificate/", functions.issue, ISSUE)
    serve(routes, "GET", "/api/certificate/query", functions.query, QUERY)
    serve(routes, "POST", "/api/certificate/renew/{commonName}", functions.renew, RENEW)
    serve(routes, "POST", "/api/certificate/revoke/{commonName}/{reason}", functions.revoke, REVOKE)
    serve(routes, "POST", "/api/certificate/report-compromise", functions.report_compromise, REPORT_COMPROMISE)
    serve(routes, "PATCH", "/api/certificate/{commonName}", functions.reissue, REISSUE)
    serve(routes, "GET", "/api/certificate/{commonName}", functions.retrieve, RETRIEVE)
    return routes


class Functions:
    """The handlers. Each reads what the event loop must read and does the rest in one thread of the pool."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def issue(self, request: Request) -> Response:
        """Issue a signing and an encryption certificate."""
        body = await bodies.read(request)

        def work() -> Response:
            principal = self._principal(request)
            application, dry_run = self._application(request, body, required=True)
            return self._made("issue", issue(self._api.issuance, principal, application, dry_run=dry_run))

        return await self._api.work.do("issue", request, work)

    async def reissue(self, request: Request) -> Response:
        """Re-key, or certify the same keys again, with the same expiry date."""
        body = await bodies.read(request)

        def work() -> Response:
            principal = self._principal(request)
            application, dry_run = self._application(request, body, required=False)
            name = _name(request)
            return self._made("reissue", reissue(self._api.issuance, principal, name, application, dry_run=dry_run))

        return await self._api.work.do("reissue", request, work)

    async def renew(self, request: Request) -> Response:
        """A new pair with a new expiry date."""
        body = await bodies.read(request)

        def work() -> Response:
            principal = self._principal(request)
            application, dry_run = self._application(request, body, required=True)
            return self._made("renew", renew(self._api.issuance, principal, _name(request), application, dry_run=dry_run))

        return await self._api.work.do("renew", request, work)

    async def revoke(self, request: Request) -> Response:
        """Revoke, hold or release both certificates."""
        await bodies.read(request)  # none is expected; what some clients send nevertheless is not looked at

        def work() -> Response:
            principal = self._principal(request)
            bodies.no_parameters(request)
            check_scope(principal, scopes.CERTIFICATE_REVOKE)
            reason = revocation_policy.reason(request.path_params["reason"])
            officer = speaks_for_officer(self._api.database, principal)
            requester = Requester(principal.actor, principal.account_id, officer=officer, shown_at=principal.shown_at)
            if officer and reason in revocation_policy.OFFICERS_ONLY:
                return self._made("revoke", self._for_authority(principal, requester, _name(request), reason))
            return self._made("revoke", revoke(self._api.revocation, requester, _name(request), reason))

        return await self._api.work.do("revoke", request, work)

    def _for_authority(self, principal: Principal, requester: Requester, name: DirectName, reason: RevocationReason) -> Pair:
        """As an officer does it: where the settings want a second one, it waits. Raises AwaitsApproval."""
        desk = self._api.registration
        actor = actors.person(desk, principal.account_id, principal.person_id, f"client:{principal.client_id}")
        done = ordering.revoke_name(self._api.revocation, desk, actor, requester, name, Because(reason))
        if isinstance(done, Proposal):
            raise AwaitsApproval("Another officer must confirm this; until then nothing is revoked.", proposal=done.id)
        return done

    async def report_compromise(self, request: Request) -> Response:
        """Revoke everything with a key that is proven to be compromised. Nobody is asked who they are."""
        body = await bodies.read(request)

        def work() -> Response:
            bodies.no_parameters(request)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            claim = bodies.parsed(CompromiseReport, values).claim()
            done = report(self._api.revocation, self._api.reports, claim, limits.address_of(request))
            self._alarm(done)
            return json_of(answered(done))

        return await self._api.work.do("report_compromise", request, work)

    def _alarm(self, done: Report) -> None:
        """A key of our own in other hands is the operator's emergency."""
        if done.is_of_authority:
            self._api.own_key_reported("authority")
            _LOG.error("a key of this authority itself is reported as compromised, with proof; stop signing", report=done.id)
        for serial in done.responders:
            self._api.own_key_reported("responder")
            _LOG.error(
                "the key of an OCSP responder is reported as compromised, with proof; it was revoked",
                report=done.id,
                serial=serial,
            )
        if done.unanswered is not None:
            _LOG.error("no other OCSP responder could be made; it is tried again", report=done.id, error=done.unanswered)

    async def retrieve(self, request: Request) -> Response:
        """The certificate record."""

        def work() -> Response:
            principal = self._principal(request)
            bodies.no_parameters(request)
            check_scope(principal, scopes.CERTIFICATE_READ)
            with self._api.database.read() as tx:
                found = register.history(tx, _name(request).value).of_account(principal.account_id)[0]
                pair = register.pair_of(tx, found)
            return self._record(pair)

        return await self._api.work.do("retrieve", request, work)

    async def query(self, request: Request) -> Response:
        """The account's certificate records, filtered and paged."""

        def work() -> Response:
            principal = self._principal(request)
            bodies.no_parameters(request, *query_parameters.PARAMETERS)
            check_scope(principal, scopes.CERTIFICATE_READ)
            filters = query_parameters.filters(request.query_params)
            window = query_parameters.window(request.query_params)
            account, now = principal.account_id, self._api.clock.now()
            page = self._api.database.ask(
                lambda tx: query.page(tx, self._api.counts, account, filters, window, now), lambda tx: query.mark(tx, account)
            )
            return self._page(request, window, page)

        return await self._api.work.do("query", request, work)

    def _principal(self, request: Request) -> Principal:
        return limits.principal(self._api.rates, self._api.database, self._api.clock, request)

    def _application(self, request: Request, body: bytes, *, required: bool) -> tuple[Application, bool]:
        bodies.no_parameters(request, "dryRun")
        values = bodies.as_object(body, request.headers.get("content-type"), required=required)
        parsed = bodies.parsed(CertificateRequest, values)
        return parsed.application(bodies.only_header(request, "Idempotency-Key")), bodies.flag(request, "dryRun")

    def _made(self, verb: str, made: Pair | Rehearsal) -> Response:
        if isinstance(made, Rehearsal):
            return json_of(records.rehearsed(made))
        self._api.succeeded(verb)
        return self._record(made)

    def _record(self, pair: Pair) -> Response:
        return json_text(self._encoded(pair))

    def _encoded(self, pair: Pair) -> str:
        return records.encoded(pair, self._api.chains[pair.record.authority_id], self._api.clock.now())

    def _page(self, request: Request, window: Window, page: Page) -> Response:
        base = f"{self._api.public_url}/api/certificate/query"
        uri, previous, following = query_parameters.addresses(request.query_params, window, page, base)
        place = {
            "offset": window.offset,
            "totalCount": page.total,
            "returnedCount": len(page.pairs),
            "uri": uri,
            "previousPageUri": previous,
            "nextPageUri": following,
        }
        found = ",".join([self._encoded(pair) for pair in page.pairs])
        return json_text(f'{{"query":{JSON.encode(place)},"records":[{found}]}}')


def _name(request: Request) -> DirectName:
    return names.parse(request.path_params["commonName"], field="commonName")
