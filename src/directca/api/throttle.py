"""What every request passes before it is looked at: the rate of its network address.

Plain ASGI, inside the frame. OCSP, revocation lists and issuers' certificates are answered before this, and health questions
pass: relying parties of a whole country may sit behind one address, and a status that is refused silences their mail.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from directca.accounts.rate_errors import Standing, TooManyCalls, TooManyFailures
from directca.accounts.rates import NoCreditError, Rates
from directca.api import limits, oauth
from directca.errors import DirectCAError, Unavailable

SETTLE_SECONDS = 1.0
_SETTLE_AGAIN_SECONDS = 10.0
_EXEMPT = ("/health/",)
_LOG = structlog.get_logger("directca.limits")

ErrorAnswer = Callable[[Request, Exception], Coroutine[Any, Any, Response]]


class Throttle:
    """Wraps the application. `error_answer` gives an error the form of the page or function that was asked for."""

    def __init__(self, app: ASGIApp, rates: Rates, error_answer: ErrorAnswer) -> None:
        self._app = app
        self._rates = rates
        self._error_answer = error_answer
        self._settling: asyncio.TimerHandle | asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith(_EXEMPT):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and (standings := state.get(limits.STANDINGS)):
                message.setdefault("headers", []).extend(limits.fields(standings))
            await send(message)

        try:
            standing = await self._admit(scope)
        except DirectCAError as error:
            if isinstance(error, TooManyCalls | TooManyFailures):
                state[limits.STANDINGS] = [error.standing]
            response = await self._error_answer(Request(scope, receive, send), error)
            await response(scope, receive, tell)
        else:
            if standing is not None and scope["path"].startswith(oauth.PATHS):
                state[limits.STANDINGS] = [standing]
            await self._app(scope, receive, tell)
        if self._settling is None and self._rates.owes:
            self._settling = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._settle)

    async def _admit(self, scope: Scope) -> Standing | None:
        address = scope["client"][0] if scope.get("client") else ""
        if _proves(scope):
            # Who failed at it too often is not even listened to.
            self._rates.check_failures(address)
        who = limits.caller_of(address)
        try:
            return self._rates.admit_at_once("address", who)
        except NoCreditError:
            return await run_in_threadpool(self._rates.admit, "address", who)

    def _settle(self) -> None:
        self._settling = asyncio.get_running_loop().create_task(self._settle_in_thread())

    async def _settle_in_thread(self) -> None:
        again = SETTLE_SECONDS
        try:
            await run_in_threadpool(self._rates.settle)
        except Unavailable as error:  # what is owed stays owed, and nobody has credit for long
            _LOG.error("calls could not be counted in the database yet", error=error.slug, detail=error.detail)
            again = _SETTLE_AGAIN_SECONDS
        finally:
            self._settling = asyncio.get_running_loop().call_later(again, self._settle) if self._rates.owes else None


def _proves(scope: Scope) -> bool:
    """Whether somebody claims to be somebody."""
    return scope["path"].startswith(oauth.PATHS) or any(name == b"authorization" for name, _ in scope["headers"])
