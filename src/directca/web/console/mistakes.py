"""What a verb says against a form, shown beside the field that it is about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from directca.errors import Conflict, DirectCAError, Malformed, RateLimited, Rejected, Unavailable
from directca.web import error_pages
from directca.web.pages import PLAIN, Shown

SHOWN = (Malformed, Conflict, Rejected)
"""The errors that whoever filled the form can do something about."""

LATER = (RateLimited, Unavailable)
"""Those that pass by themselves."""


@dataclass(frozen=True)
class Mistakes:
    """What is wrong with a form: (field or None, sentence), and how the page is sent that says so."""

    found: tuple[tuple[str | None, str], ...] = ()
    shown: Shown = PLAIN


NONE = Mistakes()


def of(error: DirectCAError, fields: Iterable[str] = (), called: Mapping[str, str] | None = None) -> Mistakes:
    """The error beside its field, if the form has that one, with the status that the error has everywhere. `called` is what the
    form calls fields that the verb calls something else."""
    failure = error_pages.failure_of(error)
    named = (called or {}).get(error.field or "", error.field)
    field = named if named in set(fields) else None
    return Mistakes(((field, failure.detail),), Shown(failure.status, headers=failure.headers))


def beside(*found: tuple[str | None, str]) -> Mistakes:
    """What the form itself lacks, before any verb is asked."""
    return Mistakes(found, Shown(400))
