"""The addresses of the documentation."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from directca.notices.model import MEANINGS
from directca.oauth.scopes import SENTENCES
from directca.web.context import Made
from directca.web.docs import handbook
from directca.web.docs.callback import Callback
from directca.web.docs.error_rows import error_families, oauth_errors
from directca.web.docs.guide import Chapter, chapters
from directca.web.docs.identifiers import MADE_UP, Identifiers, in_sandbox
from directca.web.docs.reference import Reference, reference
from directca.web.docs.site import CALLBACK, PAGES, DocPage
from directca.web.docs.view import view
from directca.web.pages import Pages, Shown

_CHAPTERS: Mapping[str, Callable[[], tuple[Chapter, ...]]] = {"handbook": handbook.chapters, "operator": chapters}
"""The pages that are made of chapters."""

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Docs:
    """What the documentation needs.

    `openapi` gives the document of the running application. `sandbox` is a sandbox's data folder; its own names are shown then.
    """

    pages: Pages
    openapi: Callable[[], Mapping[str, Any]]
    made: Made
    sandbox: Path | None = None
    _made: dict[str, Any] = field(default_factory=dict, init=False, repr=False)
    _making: Lock = field(default_factory=Lock, init=False, repr=False)

    def made_up(self) -> Identifiers:
        """What the samples are filled with as long as the reader gives nothing."""
        return in_sandbox(self.pages.public_url, self.sandbox) if self.sandbox is not None else MADE_UP

    def reference(self) -> Reference:
        """The reference, worked out once: the document does not change while the program runs."""
        with self._making:
            if "reference" not in self._made:
                self._made["reference"] = reference(self.openapi())
            made: Reference = self._made["reference"]
            return made


def router(docs: Docs) -> APIRouter:
    """The routes of all pages."""
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    for page in PAGES:
        for path in (page.path, page.path + "/"):
            routes.add_api_route(path, _endpoint(docs, page), methods=["GET", "HEAD"])
    for path in (CALLBACK.path, CALLBACK.path + "/"):
        routes.add_api_route(path, _callback_endpoint(docs), methods=["GET", "HEAD"])
    return routes


def _endpoint(docs: Docs, page: DocPage) -> Handler:
    def show(request: Request) -> Response:
        shown = view(page, request.query_params, docs.pages.public_url, docs.made_up())
        return docs.pages.render(
            request, f"docs/{page.template}.html", page=shown, sandbox=docs.sandbox is not None, **_facts(docs, page)
        )

    return _made(docs, show)


def _made(docs: Docs, show: Callable[[Request], Response]) -> Handler:
    async def answer(request: Request) -> Response:
        return await docs.made(request, lambda: show(request))

    return answer


def _facts(docs: Docs, page: DocPage) -> dict[str, Any]:
    """What one page shows beyond its text."""
    if page.template == "oauth":
        return {"scopes": tuple((f"`{scope}`", sentence.format(account="the account")) for scope, sentence in SENTENCES.items())}
    if page.template == "errors":
        return {"families": error_families(), "oauth_errors": oauth_errors()}
    if page.template == "event":
        return {"kinds": tuple((f"`{kind.value}`", meaning) for kind, meaning in MEANINGS.items())}
    if page.template in _CHAPTERS:
        return {"chapters": _CHAPTERS[page.template]()}
    if page.template == "reference":
        return {"reference": docs.reference()}
    return {}


def _callback_endpoint(docs: Docs) -> Handler:
    # The address holds a code: no cache keeps the page, and no link from it tells the address on (RFC 9700 4.2.4).
    unkept = Shown(headers=(("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")))

    def show(request: Request) -> Response:
        callback = Callback.of(request.query_params)
        return docs.pages.render(
            request,
            "docs/callback.html",
            unkept,
            page=view(CALLBACK, {}, docs.pages.public_url),
            callback=callback,
            command=callback.command(docs.pages.public_url),
            known_error=callback.error in {row.slug for row in oauth_errors()},
            here=CALLBACK.path,
        )

    return _made(docs, show)
