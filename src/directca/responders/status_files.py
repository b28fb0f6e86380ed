"""What relying parties fetch by plain HTTP: CRLs and issuers' certificates, at the addresses that certificates name.

    /crl/{authority}.crl                application/pkix-crl       DER (RFC 5280 4.2.1.13, RFC 2585 4.2)
    /crl/{authority}/{partition}.crl    the same, of one partition
    /aia/{authority}.cer                application/pkix-cert      DER (RFC 2585 4.1)
    /aia/{authority}.p7c                application/pkcs7-mime     certs-only CMS with the chain (RFC 5280 4.2.2.1)

A CRL that has passed its nextUpdate is never served: 503 tells a relying party the truth (invariant 13). Plain ASGI, before every
framework. Conditional requests and ranges are those of RFC 9110 13 and 14.
"""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from directca.certificates.model import AuthorityEntry
from directca.errors import Unavailable
from directca.pki import cms
from directca.responders.conditions import UnsatisfiableRangeError, Validators, asked, precondition, wanted_part
from directca.responders.kept_lists import KeptLists
from directca.responders.rarely import Rarely
from directca.responders.representation import PIECE, Headers, Representation
from directca.responders.status_metrics import StatusMetrics
from directca.revocation.context import Revocation
from directca.revocation.model import ListId

LEAST_OCTETS_A_SECOND = 16_384
"""Whoever takes a list more slowly than that, after some time for the start, is hung up on; it may go on with a range."""

_START_SECONDS = 120
_CERTIFICATE_AGE = 86_400
_ADDRESS = re.compile(r"/crl/([A-Za-z0-9_.-]{1,64}?)(?:/([0-9]{1,4}-[0-9]{1,4}))?\.crl")
_LOG = structlog.get_logger("directca.crl")
_NO_STORE = (b"cache-control", b"no-store")
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_OF_BYTES = frozenset({b"content-type", b"content-length"})


@dataclass(frozen=True)
class StatusFiles:
    """The lists are looked up in `revocation`; `certificates` holds each authority's DER and its certs-only chain."""

    revocation: Revocation
    certificates: Mapping[str, tuple[bytes, bytes]]

    @classmethod
    def of(cls, revocation: Revocation, entries: Iterable[AuthorityEntry]) -> "StatusFiles":
        """Those of all authorities of the register."""
        known = {entry.id: entry for entry in entries}
        return cls(revocation, {one: (entry.certificate_der, cms.certs_only(_chain(known, one))) for one, entry in known.items()})


class StatusEdge:
    """Answers in one process."""

    def __init__(self, files: StatusFiles, metrics: StatusMetrics, lists: KeptLists | None = None) -> None:
        self._revocation = files.revocation
        self._metrics = metrics
        self._lists = lists or KeptLists(files.revocation)
        self._alarms: dict[ListId, Rarely] = {}
        self._certificates: dict[str, Representation] = {}
        for name, (certificate, chain) in files.certificates.items():
            self._certificates[f"/aia/{name}.cer"] = _fixed(certificate, b"application/pkix-cert")
            self._certificates[f"/aia/{name}.p7c"] = _fixed(chain, b"application/pkcs7-mime; smime-type=certs-only")

    def before(self, otherwise: ASGIApp) -> ASGIApp:
        """Answers everything below its paths, and leaves the rest to another application."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"].startswith(("/crl/", "/aia/")):
                await self(scope, receive, send)
            else:
                await otherwise(scope, receive, send)

        return serve

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request. What it may carry as a body is of no interest, and not read."""
        try:
            await self._answer(scope, _Answer(send, scope, self._metrics))
        except RuntimeError as error:
            if "the handler is closed" not in str(error):  # uvloop's word for a client that left a moment ago
                raise

    async def _answer(self, scope: Scope, answer: "_Answer") -> None:
        path = scope["path"]
        of = None
        found = self._certificates.get(path)
        if found is None:
            of = self._list_at(path)
            if of is not None:
                try:
                    found = await self._lists.newest(of)
                except Unavailable as error:
                    self._refused(of, error)
                    await answer.text(503, error.for_callers, (b"retry-after", b"%d" % error.retry_after))
                    return
        if found is None and (of is None or of.partition):
            await answer.text(404, "Nothing is published here.")
        elif scope["method"] not in ("GET", "HEAD"):
            await answer.text(405, "Ask with GET or HEAD.", (b"allow", b"GET, HEAD"))
        elif found is None:
            await answer.text(503, "The first list is about to be made.", (b"retry-after", b"5"))
        else:
            await self._give(scope, answer, found)

    async def _give(self, scope: Scope, answer: "_Answer", found: Representation) -> None:
        headers = found.headers(int(self._revocation.clock.now().timestamp()))
        fields = asked(scope["headers"])
        begin, end, status = 0, found.size, 200
        if fields:
            refused = precondition(fields, found.validators)
            if refused is HTTPStatus.NOT_MODIFIED:
                await answer.head(304, [one for one in headers if one[0] not in _OF_BYTES])
                return
            if refused is not None:
                await answer.text(refused, "It is another one than you have.")
                return
            if scope["method"] == "GET":
                try:
                    part = wanted_part(fields, found.validators, found.size)
                except UnsatisfiableRangeError:
                    await answer.text(416, "It ends before that.", (b"content-range", b"bytes */%d" % found.size))
                    return
                if part is not None:
                    (begin, end), status = part, 206
                    headers = _of_part(headers, begin, end, found.size)
        if scope["method"] == "HEAD":
            await answer.head(status, headers)
            return
        found.readers += 1
        try:
            await answer.pieces(status, headers, found, begin, end)
        finally:
            self._lists.leave(found)

    def _list_at(self, path: str) -> ListId | None:
        match = _ADDRESS.fullmatch(path)
        if match is None or match[1] not in self._revocation.authorities:
            return None
        return ListId(match[1], match[2] or "")

    def _refused(self, of: ListId, error: Unavailable) -> None:
        """What the operator must hear of: relying parties ask for a list and are sent away."""
        if not self._lists.knows(of):
            of = ListId(of.authority_id)  # what strangers make up has no counter of its own
        self._metrics.refused(str(of))
        alarm = self._alarms.setdefault(of, Rarely())
        alarm.say(_LOG.error, "a revocation list cannot be served", list=str(of), error=error.slug, detail=error.detail)


class _Answer:
    """One answer on its way out."""

    def __init__(self, send: Send, scope: Scope, metrics: StatusMetrics) -> None:
        self._send = send
        self._method = scope["method"]
        self._file = "crl" if scope["path"].startswith("/crl/") else "aia"
        self._metrics = metrics
        self._began = time.perf_counter()

    async def head(self, status: int, headers: Headers) -> None:
        """An answer without a body."""
        await self._start(status, headers)
        await self._send({"type": "http.response.body", "body": b""})

    async def text(self, status: int, sentence: str, *more: tuple[bytes, bytes]) -> None:
        """An answer that nobody may keep, in a sentence."""
        body = sentence.encode() + b"\n"
        await self._start(status, [_PLAIN, (b"content-length", b"%d" % len(body)), _NO_STORE, _NOSNIFF, *more])
        await self._send({"type": "http.response.body", "body": b"" if self._method == "HEAD" else body})

    async def pieces(self, status: int, headers: Headers, found: Representation, begin: int, end: int) -> None:
        """Some bytes, piece by piece, as fast as the client takes them: so that a reader holds no more than a piece of them.

        Where the bytes were let go of meanwhile, or the client is too slow, the answer ends too early: the server hangs up.
        """
        patience = _START_SECONDS + (end - begin) / LEAST_OCTETS_A_SECOND
        gives_up_at = asyncio.get_running_loop().time() + patience
        await self._start(status, headers)
        while begin < end and asyncio.get_running_loop().time() < gives_up_at:
            piece = found.piece(begin, min(begin + PIECE, end))
            if piece is None:
                return
            begin += len(piece)
            await self._send({"type": "http.response.body", "body": piece, "more_body": begin < end})

    async def _start(self, status: int, headers: Headers) -> None:
        self._metrics.answered(self._file, status, time.perf_counter() - self._began)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})


def _of_part(headers: Headers, begin: int, end: int, size: int) -> Headers:
    length = (b"content-length", b"%d" % (end - begin))
    part = (b"content-range", b"bytes %d-%d/%d" % (begin, end - 1, size))
    return [length if one[0] == b"content-length" else one for one in headers] + [part]


def _fixed(content: bytes, media_type: bytes) -> Representation:
    held = Validators(b'"%s"' % sha256(content).hexdigest()[:32].encode())
    return Representation(content, media_type, held, lambda _: _CERTIFICATE_AGE, b"public, max-age=%d")


def _chain(known: Mapping[str, AuthorityEntry], name: str) -> Iterable[bytes]:
    """The authority's certificate and those above it."""
    entry = known[name]
    above = _chain(known, entry.parent_id) if entry.parent_id is not None else ()
    return [entry.certificate_der, *above]
