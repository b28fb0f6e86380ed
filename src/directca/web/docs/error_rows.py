"""The table of errors, made by walking the classes themselves: no error can exist without its line."""

from dataclasses import dataclass
from inspect import cleandoc
from typing import TypeVar

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
from directca.oauth.errors import OAuthError

Family = TypeVar("Family", bound=Exception)


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One error: its slug, which is also its anchor, the HTTP status, and what it means and asks for."""

    slug: str
    status: int
    meaning: str


COMMAND_ROOMS = ("directca.cli", "directca.settings", "directca.db", "directca.journal")
"""Errors of these rooms meet the operator at a command or at the start, never a client."""

COMMAND_ONLY = frozenset(
    {
        "account_not_found",
        "account_state",
        "authority_already_revoked",
        "authority_not_found",
        "bad_amount",
        "bad_crl_file",
        "bad_domain_settings",
        "bad_mail_settings",
        "bad_order",
        "bad_price_list",
        "bad_trace_endpoint",
        "bad_username",
        "charge_conflict",
        "client_id_taken",
        "crl_incomplete",
        "crl_not_newer",
        "crl_number_far",
        "crl_out_of_time",
        "deposit_exists",
        "domain_must_be_shown",
        "foreign_order",
        "status_folder_unusable",
        "trust_anchor",
        "unsafe_configuration",
    }
)
"""Further errors that only commands can raise, though their rooms serve clients too."""


@dataclass(frozen=True, slots=True)
class ErrorFamily:
    """The errors that the same party has to act on: those that clients meet, and those of the operator's commands."""

    key: str
    title: str
    status: int
    advice: str
    rows: tuple[ErrorRow, ...]
    command_rows: tuple[ErrorRow, ...]


FAMILIES: tuple[tuple[type[DirectCAError], str, int, str], ...] = (
    (
        Malformed,
        "The request is wrong",
        400,
        "Mend the request: sent again unchanged it fails again. `field`, when present, names the input at fault.",
    ),
    (
        Conflict,
        "The certificate's state does not allow it",
        400,
        "Retrieve the record, look at its `status`, and choose an action that fits it.",
    ),
    (
        Unauthenticated,
        "Nobody valid asked",
        401,
        "Refresh the access token and send the call once more. If the refresh fails too, send the user through sign-in again.",
    ),
    (
        Rejected,
        "A rule forbids it, for now",
        403,
        "Sending it again does not help until somebody changes the facts: `description` says what is missing and who must act.",
    ),
    (
        NotFound,
        "There is no such thing, or none of yours",
        404,
        "Check the identifier. What belongs to another account is never told apart from what does not exist.",
    ),
    (
        RateLimited,
        "Too often",
        429,
        "Wait as many seconds as the header `Retry-After` says, then go on more slowly.",
    ),
    (
        Unavailable,
        "The authority cannot do it now",
        503,
        "Nothing is lost. Wait as `Retry-After` says and repeat the call, a charged one with the same `Idempotency-Key`.",
    ),
)
"""Each family with its title, its HTTP status on the certificate API, and what its reader does first."""


def error_families() -> tuple[ErrorFamily, ...]:
    """Every error that the running program knows, sorted by who must act."""
    return tuple(_family(*about) for about in FAMILIES)


def oauth_errors() -> tuple[ErrorRow, ...]:
    """The errors in the words of RFC 6749."""
    named = {cls.error: cls for cls in _with_children(OAuthError) if "error" in vars(cls)}
    return tuple(ErrorRow(slug=error, status=named[error].status, meaning=_meaning(named[error])) for error in sorted(named))


def _family(family: type[DirectCAError], title: str, status: int, advice: str) -> ErrorFamily:
    named = {cls.slug: cls for cls in _with_children(family) if "slug" in vars(cls)}
    commands = {slug for slug, cls in named.items() if slug in COMMAND_ONLY or cls.__module__.startswith(COMMAND_ROOMS)}
    rows = [ErrorRow(slug=slug, status=status, meaning=_meaning(named[slug])) for slug in sorted(named)]
    return ErrorFamily(
        key=family.__name__.lower(),
        title=title,
        status=status,
        advice=advice,
        rows=tuple(row for row in rows if row.slug not in commands),
        command_rows=tuple(row for row in rows if row.slug in commands),
    )


def _with_children(cls: type[Family]) -> tuple[type[Family], ...]:
    return (cls, *(lower for child in cls.__subclasses__() for lower in _with_children(child)))


def _meaning(cls: type[Exception]) -> str:
    """The first paragraph of the docstring, on one line."""
    return " ".join(cleandoc(cls.__doc__ or "").split("\n\n", maxsplit=1)[0].split())
