"""The functions about orders and money: parse, call the verb, render. Nothing is decided here."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import alarms, statement_csv, statements, top_ups
from directca.accounts.billing import Billing
from directca.accounts.member import Member
from directca.api import bodies, money_models, money_views
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.applications import member
from directca.api.bodies import BadParameter
from directca.api.context import Api
from directca.api.moments import moment, of_address
from directca.api.plain import PlainRouter
from directca.api.query_parameters import whole_number
from directca.clock import rfc3339, whole_second
from directca.issuance import invoices, order_list, refund
from directca.issuance.order_list import Cursor
from directca.oauth import scopes

_ORDER, _ACCOUNT = "/api/order", "/api/account"
_CURSOR = re.compile(r"([0-9]{1,16})-([0-9a-f]{1,32})")
_INVOICE_CURSOR = re.compile(r"[0-9]{1,18}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def router(api: Api, billing: Billing) -> PlainRouter:
    """The routes, with and without a trailing slash."""
    routes = PlainRouter("Accounts")
    functions = MoneyFunctions(api, billing)
    serve(routes, "GET", _ORDER, functions.orders, money_models.ORDERS)
    serve(routes, "GET", _ORDER + "/{id}", functions.order, money_models.ORDER)
    serve(routes, "POST", _ORDER + "/{id}/refund", functions.refund, money_models.REFUND)
    serve(routes, "GET", _ACCOUNT, functions.account, money_models.ACCOUNT)
    serve(routes, "GET", _ACCOUNT + "/statement", functions.statement, money_models.STATEMENT)
    serve(routes, "PATCH", _ACCOUNT + "/alarm", functions.alarm, money_models.ALARM)
    serve(routes, "GET", _ACCOUNT + "/top-up", functions.top_ups, money_models.TOP_UPS)
    serve(routes, "POST", _ACCOUNT + "/top-up", functions.ask, money_models.ASK_TOP_UP)
    serve(routes, "GET", _ACCOUNT + "/top-up/{id}", functions.top_up, money_models.TOP_UP)
    serve(routes, "POST", _ACCOUNT + "/top-up/{id}/withdraw", functions.withdraw, money_models.WITHDRAW_TOP_UP)
    serve(routes, "GET", _ACCOUNT + "/invoice", functions.invoices, money_models.INVOICES)
    serve(routes, "GET", _ACCOUNT + "/invoice/{number}", functions.invoice, money_models.INVOICE)
    return routes


class MoneyFunctions:
    """The handlers."""

    def __init__(self, api: Api, billing: Billing) -> None:
        self._api = api
        self._billing = billing

    async def orders(self, request: Request) -> Response:
        """The account's orders."""

        def work() -> Response:
            who = self._reader(request, "limit", "cursor")
            limit, cursor = _limit(request), request.query_params.get("cursor")
            page = order_list.page(self._billing, who, after=_order_cursor(cursor), limit=limit)
            query = {
                "totalCount": page.total,
                "returnedCount": len(page.orders),
                "uri": self._address(_ORDER, limit, cursor),
                "nextPageUri": None if page.following is None else self._address(_ORDER, limit, _written(page.following)),
            }
            waiting = [money_views.waiting_issue(one) for one in page.waiting]
            return json_of({"query": query, "waiting": waiting, "orders": [money_views.order(one) for one in page.orders]})

        return await self._api.work.do("list_orders", request, work)

    async def order(self, request: Request) -> Response:
        """One order."""

        def work() -> Response:
            return json_of(money_views.order(order_list.one(self._billing, self._reader(request), _id(request))))

        return await self._api.work.do("show_order", request, work)

    async def refund(self, request: Request) -> Response:
        """Give an order's price back."""
        await bodies.read(request)  # none is expected

        def work() -> Response:
            who = member(self._api, request, scopes.TUSER_ACCOUNT)
            return json_of(money_views.order(refund.refund(self._billing, who, _id(request))))

        return await self._api.work.do("refund_order", request, work)

    async def account(self, request: Request) -> Response:
        """The account and its balance."""

        def work() -> Response:
            return json_of(self._account(self._reader(request)))

        return await self._api.work.do("show_account", request, work)

    async def statement(self, request: Request) -> Response:
        """The movements of a period."""

        def work() -> Response:
            who = self._reader(request, "since", "until", "format")
            now = whole_second(self._billing.clock.now())
            since = _moment(request, "since") or now.replace(day=1, hour=0, minute=0, second=0)
            until = _moment(request, "until") or now + timedelta(seconds=1)
            form = request.query_params.get("format", "json")
            if form not in ("json", "csv"):
                raise BadParameter("format must be json or csv.", field="format")
            found = statements.statement(self._billing, who, since, until)
            return json_of(money_views.statement(found)) if form == "json" else csv_of(statement_csv.rendered(found))

        return await self._api.work.do("show_statement", request, work)

    async def alarm(self, request: Request) -> Response:
        """When to be told."""
        body = await bodies.read(request)

        def work() -> Response:
            who = member(self._api, request, scopes.ACCOUNT_MANAGE)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            alarms.set_threshold(self._billing, who, bodies.parsed(money_models.AlarmBody, values).threshold_cents)
            return json_of(self._account(who))

        return await self._api.work.do("set_alarm", request, work)

    async def top_ups(self, request: Request) -> Response:
        """The account's top-ups."""

        def work() -> Response:
            found = top_ups.of_account(self._billing, self._reader(request))
            return json_of({"top_ups": [money_views.top_up(one) for one in found]})

        return await self._api.work.do("show_top_up", request, work)

    async def top_up(self, request: Request) -> Response:
        """One of them."""

        def work() -> Response:
            return json_of(money_views.top_up(*top_ups.one(self._billing, self._reader(request), _id(request))))

        return await self._api.work.do("show_top_up", request, work)

    async def ask(self, request: Request) -> Response:
        """Announce a payment."""
        body = await bodies.read(request)

        def work() -> Response:
            who = member(self._api, request, scopes.TUSER_ACCOUNT)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            payment = bodies.parsed(money_models.TopUpBody, values).payment()
            key = bodies.only_header(request, "Idempotency-Key")
            return json_of(money_views.top_up(*top_ups.ask(self._billing, who, payment, key)))

        return await self._api.work.do("ask_top_up", request, work)

    async def withdraw(self, request: Request) -> Response:
        """It will not be paid."""
        await bodies.read(request)  # none is expected

        def work() -> Response:
            who = member(self._api, request, scopes.TUSER_ACCOUNT)
            return json_of(money_views.top_up(top_ups.withdraw(self._billing, who, _id(request))))

        return await self._api.work.do("withdraw_top_up", request, work)

    async def invoices(self, request: Request) -> Response:
        """The account's documents."""

        def work() -> Response:
            who = self._reader(request, "limit", "cursor")
            limit, cursor = _limit(request), request.query_params.get("cursor")
            if cursor is not None and not _INVOICE_CURSOR.fullmatch(cursor):
                raise _bad_cursor()
            before = None if cursor is None else int(cursor)
            found = invoices.page(self._billing, who, before=before, limit=limit + 1)
            shown = found[:limit]
            path = f"{_ACCOUNT}/invoice"
            following = self._address(path, limit, str(shown[-1].movement_id)) if len(found) > limit else None
            return json_of({"invoices": [money_views.invoice(one) for one in shown], "nextPageUri": following})

        return await self._api.work.do("show_invoice", request, work)

    async def invoice(self, request: Request) -> Response:
        """One of them."""

        def work() -> Response:
            found = invoices.one(self._billing, self._reader(request), request.path_params["number"])
            return json_of(money_views.invoice(found))

        return await self._api.work.do("show_invoice", request, work)

    def _reader(self, request: Request, *parameters: str) -> Member:
        return member(self._api, request, scopes.ACCOUNT_READ, *parameters)

    def _account(self, who: Member) -> dict[str, Any]:
        balance, alarm = statements.balance(self._billing, who), alarms.of_account(self._billing, who)
        told = None if alarm is None or alarm.told_at is None else rfc3339(alarm.told_at)
        return {
            "id": who.account_id,
            "name": statements.name_of(self._billing, who),
            "available_cents": balance.available,
            "reserved_cents": balance.reserved,
            "currency": "USD",
            "alarm": None if alarm is None else {"threshold_cents": alarm.threshold, "told_ts": told},
            **money_views.terms(self._billing),
        }

    def _address(self, path: str, limit: int, cursor: str | None) -> str:
        rest = "" if cursor is None else f"&cursor={quote(cursor, safe='')}"
        return f"{self._api.public_url}{path}?limit={limit}{rest}"


def csv_of(text: str) -> Response:
    """A file to be saved, that nobody on the way keeps."""
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="statement.csv"'}
    return Response(text, 200, headers, "text/csv; charset=utf-8")


def _limit(request: Request) -> int:
    return whole_number(request.query_params, "limit", money_models.PAGE, 1, money_models.LARGEST_PAGE)


def _moment(request: Request, name: str) -> datetime | None:
    return moment(of_address(request.query_params.get(name)), field=name)


def _order_cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    read = _CURSOR.fullmatch(text)
    if read is None:
        raise _bad_cursor()
    return Cursor(_EPOCH + timedelta(microseconds=int(read[1])), read[2])


def _written(cursor: Cursor) -> str:
    return f"{(cursor.at - _EPOCH) // timedelta(microseconds=1)}-{cursor.order_id}"


def _bad_cursor() -> BadParameter:
    return BadParameter("cursor must be taken as it is from a page address of an earlier answer.", field="cursor")


def _id(request: Request) -> str:
    found: str = request.path_params["id"]
    return found
