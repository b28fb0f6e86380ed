"""The page that asks before something is done. The form is sent to the page's own address."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.web.console.context import Visit
from directca.web.next_page import own_path

CONFIRMED = ("confirmed", "yes")
"""The field that a confirmation carries and the form before it does not."""


@dataclass(frozen=True)
class Asked:
    """What the page says: what follows, whether it is final, and how it can be undone if it is not. `fields` go along."""

    heading: str
    consequence: str
    button: str
    back: str
    keep: str = "Leave it as it is"
    points: Sequence[str] = ()
    is_final: bool = True
    undoing: str = ""
    fields: Sequence[tuple[str, str]] = ()


def ask(visit: Visit, request: Request, asked: Asked) -> Response:
    """The page."""
    return visit.console.web.pages.render_for(visit.visitor, request, "console/confirm.html", asked=asked)


def done(path: str) -> Response:
    """To the page that shows what has been done."""
    return RedirectResponse(own_path(path), 303, {"Cache-Control": "no-store"})
