"""OCSP over HTTP: RFC 6960 appendix A, RFC 5019, with nonces (RFC 9654).

    POST /ocsp             the request as the body
    GET  /ocsp/{base64}    the request in the path, percent-encoded or not, with or without padding

Plain ASGI, before every framework: a request whose answer is kept is looked up by its own bytes and answered, without being
parsed and without the database. Whatever can be said in the protocol is said in it, with status 200: malformedRequest,
unauthorized, tryLater, internalError. Signatures are made in a few threads of their own, and only so many wait for one.
"""

import asyncio
import binascii
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from directca.clock import Clock
from directca.errors import Unavailable
from directca.pki.lints.errors import LintFailed
from directca.pki.ocsp import ResponseStatus, refusal
from directca.pki.ocsp_request import BadOcspRequest, OcspRequest, read_request
from directca.responders.ocsp_feed import Feed
from directca.responders.ocsp_kept import MAX_AGE, TYPE, Kept, KeptAnswers, cache_control, kept_form
from directca.responders.patience import Patience
from directca.responders.rarely import Rarely
from directca.revocation.ocsp_model import OcspAnswer, OcspRefusedError

PATH = "/ocsp"
_BELOW = PATH + "/"
_TARGET = PATH.encode()
_ODD = re.compile(rb"[?#]|%(?![0-9A-Fa-f]{2})")
"""In a target: what is not a path alone, or not well encoded."""
LARGEST_BODY = 65_536
_MOST_DIGITS = len(str(LARGEST_BODY))
MOST_WAITING = 128
"""How many answers may be in the making at once; at a millisecond each, nobody waits long."""

_BODY_SECONDS = 15
_LOG = structlog.get_logger("directca.ocsp")
_NO_STORE = (b"cache-control", b"no-store")
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_CLOSE = (b"connection", b"close")

Headers = list[tuple[bytes, bytes]]
Verb = Callable[[OcspRequest], OcspAnswer]
"""Makes an answer, in a thread. Raises OcspRefusedError or Unavailable."""


class Reply(NamedTuple):
    """One HTTP answer, whole."""

    status: int
    headers: Headers
    body: bytes


class NoRequestError(Exception):
    """What was sent is no request that could be answered in the protocol; `reply` says so in HTTP's own words."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class SenderGoneError(Exception):
    """Nobody is left to answer."""


def _refused(status: ResponseStatus, *more: tuple[bytes, bytes]) -> Reply:
    body = refusal(status)
    return Reply(200, [TYPE, _NO_STORE, (b"content-length", b"%d" % len(body)), *more], body)


def _not_spoken(status: int, body: bytes, *more: tuple[bytes, bytes]) -> Reply:
    return Reply(status, [_PLAIN, _NO_STORE, (b"content-length", b"%d" % len(body)), *more], body)


_TRY_LATER = _refused(ResponseStatus.TRY_LATER, (b"retry-after", b"5"))
_REFUSALS = {
    ResponseStatus.TRY_LATER: _TRY_LATER,
    **{
        status: _refused(status)
        for status in (ResponseStatus.MALFORMED_REQUEST, ResponseStatus.INTERNAL_ERROR, ResponseStatus.UNAUTHORIZED)
    },
}
_OUTCOMES = {
    ResponseStatus.MALFORMED_REQUEST: "malformed",
    ResponseStatus.INTERNAL_ERROR: "error",
    ResponseStatus.TRY_LATER: "trylater",
    ResponseStatus.UNAUTHORIZED: "unauthorized",
}
_TOO_LARGE = _not_spoken(413, b"An OCSP request has at most 65536 bytes.\n", _CLOSE)
_TOO_SLOW = _not_spoken(408, b"The request did not arrive in time.\n", _CLOSE)
_OTHER_METHOD = _not_spoken(405, b"Ask with GET or POST.\n", (b"allow", b"GET, HEAD, POST"), _CLOSE)


class OcspEdge:
    """Answers OCSP in one process; on its event loop, from `start` to `stop`."""

    def __init__(
        self,
        verb: Verb,
        kept: KeptAnswers,
        feed: Feed,
        clock: Clock,
        *,
        threads: int,
        made: Callable[[float], None] | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._verb = verb
        self._kept = kept
        self._feed = feed
        self._clock = clock
        self._tell_made = made
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="ocsp")
        self._making: dict[bytes, asyncio.Task[Reply]] = {}
        self._waiting = 0
        self._remake_after: datetime | None = None
        self._rarely = Rarely()
        self._patience = Patience(_BODY_SECONDS)

    def start(self) -> None:
        """Begin to hear of changes. To be called in the process that answers, after it was forked."""
        self._feed.start()

    def stop(self) -> None:
        """End the threads."""
        self._feed.stop()
        self._pool.shutdown(cancel_futures=True)

    def before(self, otherwise: ASGIApp) -> ASGIApp:
        """Answers everything below its path, and leaves the rest to another application."""

        def serve(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            # No coroutine of its own: it would only wait for another.
            if scope["type"] == "http" and (scope["path"].startswith(_BELOW) or scope["path"] == PATH):
                return self(scope, receive, send)
            return otherwise(scope, receive, send)

        return serve

    def ready(self, method: bytes, target: bytes, body: bytes) -> tuple[bytes, bytes, bytes] | None:
        """The kept answer to a request, as header lines and body, where it may be repeated for its full age; else None."""
        if method == b"POST":
            if target != _TARGET:
                return None
            encoded = body
        elif method == b"GET" and not body and not _ODD.search(target):
            encoded = in_path(unquote_to_bytes(target).decode("latin-1"))
        else:
            return None
        now = self._clock.now()
        kept = self._kept.find(encoded)
        if kept is None or now > kept.full_age_until or self._from_kept(encoded, now) is None:
            return None
        return kept.head, kept.own, kept.shared

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            encoded = await self._asked(scope, receive)
            now = self._clock.now()
            kept = self._from_kept(encoded, now)
            reply = await self._timed(encoded) if kept is None else _reply(kept, now)
            if scope["method"] != "POST" and _is_known(scope["headers"], reply.headers):
                reply = _not_modified(reply)
        except NoRequestError as error:
            self.counts["http"] += 1
            reply = error.reply
        except SenderGoneError:
            return
        try:
            await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
            await send({"type": "http.response.body", "body": reply.body})
        except RuntimeError as error:
            if "the handler is closed" not in str(error):  # uvloop's word for a client that left a moment ago
                raise

    async def _asked(self, scope: Scope, receive: Receive) -> bytes:
        """The bytes of the request, from wherever they are."""
        method = scope["method"]
        if method == "POST":
            return await self._body(scope, receive)
        if method in ("GET", "HEAD"):
            return in_path(scope["path"])
        raise NoRequestError(_OTHER_METHOD)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, of bounded size and in bounded time."""
        for name, value in scope["headers"]:
            if name == b"content-length" and len(value) > _MOST_DIGITS:
                raise NoRequestError(_TOO_LARGE)
        task = self._patience.begin()
        try:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                body: bytes = message.get("body", b"")
            else:
                body = await _long_body(receive, [message])
        except asyncio.CancelledError as error:
            if self._patience.has_ended(task):
                raise NoRequestError(_TOO_SLOW) from error
            raise
        finally:
            self._patience.end(task)
        if len(body) > LARGEST_BODY:
            raise NoRequestError(_TOO_LARGE)
        return body

    def _from_kept(self, encoded: bytes, now: datetime) -> Kept | None:
        kept = self._kept.find(encoded)
        if kept is None:
            return None
        if not kept.this_update <= now < kept.until or not self._feed.live(now):
            return None
        self.counts["hit"] += 1
        if now >= kept.remake_at:
            self._remake(encoded, now)
        return kept

    def _remake(self, encoded: bytes, now: datetime) -> None:
        """Make a younger answer in the background, if there is room; after a failure not again for a while."""
        if self._waiting >= MOST_WAITING // 2 or encoded in self._making:
            return
        if self._remake_after is None or now >= self._remake_after:
            self._remake_after = now + timedelta(seconds=1)  # until it is known to have gone well
            self._begin(encoded, read_request(encoded))

    async def _timed(self, encoded: bytes) -> Reply:
        began = time.perf_counter()
        reply = await self._made(encoded)
        if self._tell_made is not None:
            self._tell_made(time.perf_counter() - began)
        return reply

    async def _made(self, encoded: bytes) -> Reply:
        """A new answer. Those who ask the same at the same moment share one signature."""
        try:
            request = read_request(encoded)
        except BadOcspRequest:
            return self._refuse(ResponseStatus.MALFORMED_REQUEST)
        if not self._feed.live(self._clock.now()):
            return self._refuse(ResponseStatus.TRY_LATER)
        if request.nonce is not None:
            return await self._make(encoded, request)
        return await asyncio.shield(self._making.get(encoded) or self._begin(encoded, request))

    def _begin(self, encoded: bytes, request: OcspRequest) -> asyncio.Task[Reply]:
        task = asyncio.get_running_loop().create_task(self._make(encoded, request))
        self._making[encoded] = task
        task.add_done_callback(lambda _: self._making.pop(encoded, None))
        return task

    async def _make(self, encoded: bytes, request: OcspRequest) -> Reply:
        if self._waiting >= MOST_WAITING:
            self._rarely.say(_LOG.warning, "more OCSP answers are asked for than can be signed")
            return self._refuse(ResponseStatus.TRY_LATER)
        self._waiting += 1
        try:
            made = asyncio.get_running_loop().run_in_executor(self._pool, self._verb, request)
            await asyncio.wait({made})
        finally:
            self._waiting -= 1
        if (error := made.exception()) is not None:
            return self._refuse(self._status_of(error))
        self._remake_after = None
        return self._signed(encoded, made.result())

    def _status_of(self, error: BaseException) -> ResponseStatus:
        """What is said where there is no answer. Whatever broke is told to the operator, and in the protocol's own words."""
        match error:
            case OcspRefusedError():
                return error.status
            case LintFailed():
                self._rarely.say(_LOG.error, "an OCSP answer was not signed", error=error.slug, detail=str(error))
                return ResponseStatus.INTERNAL_ERROR
            case Unavailable():
                self._rarely.say(_LOG.error, "OCSP answers cannot be made now", error=error.slug, detail=error.detail)
                return ResponseStatus.TRY_LATER
            case _:
                self._rarely.say(_LOG.error, "making an OCSP answer broke", exc_info=error)
                return ResponseStatus.INTERNAL_ERROR

    def _signed(self, encoded: bytes, answer: OcspAnswer) -> Reply:
        self.counts["nonce" if answer.nonce else "unknown" if answer.unknown else "miss"] += 1
        if not answer.repeatable:
            body = answer.own + answer.shared
            return Reply(200, [TYPE, _NO_STORE, (b"content-length", b"%d" % len(body))], body)
        return _reply(self._kept.keep(encoded, answer) or kept_form(answer), self._clock.now())

    def _refuse(self, status: ResponseStatus) -> Reply:
        self.counts[_OUTCOMES[status]] += 1
        return _REFUSALS[status]


def in_path(path: str) -> bytes:
    """The request in a path, which the server has percent-decoded. What is no base64 is no request: its bytes are none."""
    text = path[len(PATH) :].lstrip("/")  # some clients write a slash more; no request begins with what one stands for
    try:
        return binascii.a2b_base64(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), strict_mode=True)
    except ValueError:  # also of characters that are not ASCII
        return b""


async def _long_body(receive: Receive, messages: list[Message]) -> bytes:
    """A body that comes in pieces."""
    body = bytearray()
    while True:
        message = messages.pop() if messages else await receive()
        if message["type"] != "http.request":
            raise SenderGoneError
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise NoRequestError(_TOO_LARGE)
        if not message.get("more_body", False):
            return bytes(body)


def _reply(kept: Kept, now: datetime) -> Reply:
    """An answer that others may repeat for a while, and never past its nextUpdate."""
    age = MAX_AGE if now <= kept.full_age_until else max(0, int((kept.until - now).total_seconds()))
    return Reply(200, [*kept.headers, cache_control(age)], kept.own + kept.shared)


def _is_known(sent: Headers, headers: Headers) -> bool:
    """Whether a cache says that it has this very answer (RFC 9110 13.1.2)."""
    for name, value in sent:
        if name == b"if-none-match":
            tag = dict(headers).get(b"etag")
            return tag is not None and tag in {one.strip().removeprefix(b"W/") for one in value.split(b",")}
    return False


def _not_modified(reply: Reply) -> Reply:
    return Reply(304, [pair for pair in reply.headers if pair[0] not in (b"content-type", b"content-length")], b"")
