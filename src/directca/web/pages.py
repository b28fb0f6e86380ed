"""Pages: a Jinja2 template, what it shows, and the headers that guard it.

Templates are HTML files beside this module. They escape everything; what a page says about itself is in `base.html`. A page that
holds a form is given the visitor whose token the form carries; a page that is the same for everybody is rendered without one
and may be kept by its caller, one copy per `theme`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from directca.clock import Clock
from directca.web import browsers, dates, navigation
from directca.web.compiled_templates import CompiledTemplates
from directca.web.headers import ASKED_AGAIN, NEVER_KEPT, security_headers
from directca.web.sessions import Visitor, VisitorCookies
from directca.web.states import STATES
from directca.web.static_files import StaticFiles

TEMPLATES = Path(__file__).parent / "templates"

THEME_COOKIE = "directca_theme"
"""Holds `light` or `dark`; without it the page follows the system."""

THEMES = ("light", "dark")


@dataclass(frozen=True)
class Shown:
    """How a page is sent: its status, further origins its forms may lead to, further headers."""

    status: int = 200
    form_action: Sequence[str] = ()
    headers: Sequence[tuple[str, str]] = ()


PLAIN = Shown()


class Pages:
    """Renders templates. One for the process; safe to use from many threads."""

    def __init__(self, public_url: str, clock: Clock, static: StaticFiles, cookies: VisitorCookies) -> None:
        self.public_url = public_url.rstrip("/")
        self.https = public_url.startswith("https://")
        self._clock = clock
        self._cookies = cookies
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=CompiledTemplates(TEMPLATES),
        )
        self._environment.globals["static"] = static.address
        self._environment.globals["public_url"] = self.public_url
        self._environment.globals["STATES"] = STATES
        self._environment.globals["navigation"] = navigation.navigation
        self._environment.filters["iso_date"] = dates.iso_date
        self._environment.filters["iso_moment"] = dates.iso_moment
        self._environment.filters["in_words"] = self._in_words
        self._environment.filters["grouped"] = dates.grouped
        self._environment.filters["breakable"] = dates.breakable
        self._environment.filters["dollars"] = dates.dollars
        self._environment.filters["number"] = "{:,}".format
        self._environment.filters["browser"] = browsers.name

    def render(self, request: Request, template: str, shown: Shown = PLAIN, **context: Any) -> Response:
        """The page for everybody: no token, nobody's name."""
        text = self.text(request, template, **context)
        return self._answer(text, shown, ASKED_AGAIN if shown.status == 200 else NEVER_KEPT)

    def render_for(self, visitor: Visitor, request: Request, template: str, shown: Shown = PLAIN, **context: Any) -> Response:
        """The page for this visitor: its forms carry the visitor's token (`csrf_token`), and no cache keeps it.

        A browser that came without a session is given an anonymous one, without which its form would be refused.
        """
        text = self.text(request, template, visitor=visitor, csrf_token=visitor.csrf_token, **context)
        response = self._answer(text, shown, NEVER_KEPT)
        if visitor.is_new:
            self._cookies.remember(response, visitor.secret)
        return response

    def text(self, request: Request, template: str, **context: Any) -> str:
        """The page's HTML alone."""
        query = request.url.query
        here = f"{request.url.path}?{query}" if query else request.url.path
        page = {"visitor": None, "path": request.url.path, "here": here, "theme": theme(request), **context}
        return self._environment.get_template(template).render(page)

    def warm(self) -> None:
        """Compile every template, so that nobody's first page waits for it."""
        for name in self._environment.list_templates(extensions=["html"]):
            self._environment.get_template(name)

    def _answer(self, text: str, shown: Shown, cache: str) -> Response:
        headers = security_headers(https=self.https, form_action=shown.form_action, cache=cache)
        # Only the theme cookie changes a page that is the same for everybody.
        headers["Vary"] = "Cookie"
        response = HTMLResponse(text, shown.status, headers)
        for name, value in shown.headers:
            response.headers[name] = value
        return response

    def _in_words(self, moment: Any) -> str:
        return dates.in_words(moment, self._clock.now())


def theme(request: Request) -> str | None:
    """The theme that the reader chose: `light`, `dark`, or None to follow the system."""
    chosen = request.cookies.get(THEME_COOKIE)
    return chosen if chosen in THEMES else None
