"""What relying parties fetch by plain HTTP: CRLs and issuers' certificates, at the addresses that certificates name.

    /crl/{authority}.crl    application/pkix-crl         DER (RFC 5280 4.2.1.13, RFC 2585 4.2)
    /aia/{authority}.cer    application/pkix-cert        DER (RFC 2585 4.1)
    /aia/{authority}.p7c    application/pkcs7-mime       certs-only CMS with the chain (RFC 5280 4.2.2.1)

A CRL that has passed its nextUpdate is never served: 503 tells a relying party the truth (invariant 13). The list is read
from the database each time, so every process serves the newest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from directca.clock import whole_second
from directca.errors import Unavailable
from directca.revocation import crl
from directca.revocation.context import Revocation
from directca.revocation.model import Crl, ListId

_CRL, _CER, _P7C = "application/pkix-crl", "application/pkix-cert", "application/pkcs7-mime; smime-type=certs-only"
_KEPT = {"Cache-Control": "public, max-age=86400"}


@dataclass(frozen=True)
class StatusFiles:
    """The lists are looked up in `revocation`; `certificates` holds each authority's DER and its certs-only chain."""

    revocation: Revocation
    certificates: Mapping[str, tuple[bytes, bytes]]


def routes(files: StatusFiles) -> list[Route]:
    """The routes of all of them; GET and HEAD."""

    async def show_crl(request: Request) -> Response:
        authority_id = request.path_params["authority"]
        if authority_id not in files.revocation.authorities:
            return _nothing()
        try:
            found = await run_in_threadpool(crl.published, files.revocation, ListId(authority_id))
        except Unavailable as error:
            return PlainTextResponse(
                error.for_callers + "\n", 503, {"Retry-After": str(error.retry_after), "Cache-Control": "no-store"}
            )
        return _crl(request, found, files)

    async def show_certificate(request: Request) -> Response:
        found = files.certificates.get(request.path_params["authority"])
        return _nothing() if found is None else _conditional(request, found[0], _CER, _KEPT)

    async def show_chain(request: Request) -> Response:
        found = files.certificates.get(request.path_params["authority"])
        return _nothing() if found is None else _conditional(request, found[1], _P7C, _KEPT)

    return [
        Route("/crl/{authority}.crl", show_crl, methods=["GET"]),
        Route("/aia/{authority}.cer", show_certificate, methods=["GET"]),
        Route("/aia/{authority}.p7c", show_chain, methods=["GET"]),
    ]


def _crl(request: Request, found: Crl, files: StatusFiles) -> Response:
    """The list, which caches must ask about again soon: a newer one may exist a moment later."""
    left = int((found.facts.next_update - whole_second(files.revocation.clock.now())).total_seconds())
    headers = {
        "Cache-Control": f"public, max-age={max(0, min(left, 60))}, must-revalidate",
        "Last-Modified": format_datetime(found.facts.this_update, usegmt=True),
        "Expires": format_datetime(found.facts.next_update, usegmt=True),
    }
    since = request.headers.get("if-modified-since")
    if since is not None and "if-none-match" not in request.headers and _not_newer(found, since):
        return Response(status_code=304, headers={**headers, "ETag": _etag(found.der)})
    return _conditional(request, found.der, _CRL, headers)


def _not_newer(found: Crl, since: str) -> bool:
    # Two lists of one second differ while their Last-Modified does not, so only an older second proves that nothing is newer.
    try:
        return found.facts.this_update < parsedate_to_datetime(since)
    except (TypeError, ValueError, OverflowError):  # no date, or one of a year that no clock has
        return False


def _conditional(request: Request, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": _etag(content), "X-Content-Type-Options": "nosniff"}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if headers["ETag"] in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, 200, headers, media_type)


def _etag(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:32]}"'


def _nothing() -> Response:
    return PlainTextResponse("Nothing is published here.\n", 404)
