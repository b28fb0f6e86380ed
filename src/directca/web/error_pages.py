"""Errors as pages: what happened, whose turn it is, and nothing about our insides.

The families of `directca.errors` decide the status; an error that is none of ours is a bug and shows its request id alone.
"""

from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.accounts.people_errors import SessionEnded
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
from directca.web.context import SignInFirst
from directca.web.next_page import own_path, page_of_form, second_factor_address, sign_in_address
from directca.web.pages import Pages, Shown
from directca.web.sessions import Visitor

_STATUS: tuple[tuple[type[DirectCAError], int], ...] = (
    (Malformed, 400),
    (Unauthenticated, 403),  # 401 would have to name a scheme (RFC 9110 15.5.2), and forms have none
    (Rejected, 403),
    (NotFound, 404),
    (Conflict, 409),
    (RateLimited, 429),
    (Unavailable, 503),
)

_WORDS = {
    400: ("The request cannot be understood", "Go back, check what you entered, and try again."),
    403: ("You cannot do this", "Go back and load the page again."),
    404: ("There is no such page", "Check the address, or begin at the start page."),
    405: ("This page cannot be used like that", "Open it by its address, or begin at the start page."),
    409: ("This is not possible any more", "Go back and load the page again to see how things stand now."),
    413: ("That was too much", "Shorten what you entered and send it again."),
    429: ("Too many attempts", "Wait a little, then try again."),
    500: ("Something went wrong on our side", "Nothing you did caused this. Try again in a minute."),
    503: ("This is not possible at the moment", "Try again in a minute."),
}


@dataclass(frozen=True)
class Failure:
    """What an error page says."""

    status: int
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


def answer(pages: Pages, request: Request, error: Exception) -> Response:
    """The page for an error that a handler raised: within the console where that knew already who asks. Whoever must sign in
    first, or show a second factor, is led there and back."""
    if isinstance(error, SignInFirst | SessionEnded | StepUpFirst):
        here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        target = own_path(here) if request.method in {"GET", "HEAD"} else page_of_form(request.url.path)
        address = second_factor_address(target) if isinstance(error, StepUpFirst) else sign_in_address(target)
        return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
    failure = failure_of(error)
    heading, advice = _words(failure.status)
    shown = Shown(failure.status, headers=failure.headers)
    said = {
        "heading": heading,
        "detail": failure.detail or advice,
        "request_id": getattr(request.state, "request_id", None),
    }
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is None:
        return pages.render(request, "error.html", shown, **said)
    return pages.render_for(visitor, request, "console/error.html", shown, **said)


def failure_of(error: Exception) -> Failure:
    """Status, words and headers for an error. What is not one of ours says nothing."""
    if isinstance(error, DirectCAError):
        status = next(status for family, status in _STATUS if isinstance(error, family))
        return Failure(status, error.for_callers, _retry(error))
    if isinstance(error, HTTPException):
        kept = tuple((name, value) for name, value in (error.headers or {}).items() if name.lower() in {"allow", "retry-after"})
        return Failure(error.status_code, "", kept)
    return Failure(500, "")


def _retry(error: DirectCAError) -> tuple[tuple[str, str], ...]:
    if isinstance(error, RateLimited | Unavailable):
        return (("Retry-After", str(error.retry_after)),)
    return ()


def _words(status: int) -> tuple[str, str]:
    if status in _WORDS:
        return _WORDS[status]
    return HTTPStatus(status).phrase, "Go back, or begin at the start page."
