"""Errors as JSON: the one table from family to status, and the body that the published API prescribes."""

import json

from starlette.exceptions import HTTPException
from starlette.responses import Response

from directca.accounts.role_errors import StepUpFirst
from directca.errors import (
    Conflict,
    DirectCAError,
    Malformed,
    NotFound,
    RateLimited,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from directca.oauth.errors import InsufficientUserAuthentication
from directca.vetting.proposal_errors import AwaitsApproval

STATUSES: tuple[tuple[type[DirectCAError], int], ...] = (
    (Malformed, 400),
    (Unauthenticated, 401),
    (Rejected, 403),
    (NotFound, 404),
    (Conflict, 400),  # the contract has no 409 on its functions
    (RateLimited, 429),
    (Unavailable, 503),
)

_ROUTING = {
    408: ("request_timeout", "The request did not arrive in time; send it again."),
    404: ("not_found", "There is no such function. See the documentation under /docs."),
    405: ("method_not_allowed", "This function does not take this method; the Allow header names those that it takes."),
}


def status_of(error: DirectCAError) -> int:
    """The HTTP status of an error."""
    return next(status for family, status in STATUSES if isinstance(error, family))


def answer(error: Exception, request_id: str) -> Response:
    """The JSON answer to an error that a handler raised. What is none of ours is a bug and shows its request id alone."""
    if isinstance(error, StepUpFirst):  # whoever calls has a token; RFC 9470 says how to get a better one
        error = InsufficientUserAuthentication(within=error.within)
    if isinstance(error, DirectCAError):
        return _explained(error, request_id)
    if isinstance(error, HTTPException):
        slug, description = _ROUTING.get(error.status_code, ("bad_request", "The request cannot be understood."))
        kept = {name: value for name, value in (error.headers or {}).items() if name.lower() in ("allow", "connection")}
        return _body(error.status_code, {"error": slug, "description": description, "request_id": request_id}, kept)
    content = {"error": "internal_error", "description": "Something went wrong on our side.", "request_id": request_id}
    return _body(500, content, {})


def _explained(error: DirectCAError, request_id: str) -> Response:
    content: dict[str, str] = {"error": error.slug, "description": error.for_callers, "request_id": request_id}
    if error.field is not None:
        content["field"] = error.field
    if isinstance(error, AwaitsApproval) and error.proposal is not None:
        content["proposal"] = error.proposal
    headers: dict[str, str] = {}
    challenge = getattr(error, "challenge", None)
    if challenge is not None:
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, RateLimited | Unavailable):
        headers["Retry-After"] = str(error.retry_after)
    return _body(status_of(error), content, headers)


def _body(status: int, content: dict[str, str], headers: dict[str, str]) -> Response:
    return Response(json.dumps(content), status, {"Cache-Control": "no-store", **headers}, "application/json")
