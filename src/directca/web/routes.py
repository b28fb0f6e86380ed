"""Where each page is. Handlers are plain functions and run in the thread pool; only the reading of a form waits on a socket."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from directca.web import account_pages, sign_in_pages, start_pages
from directca.web.context import Web
from directca.web.forms import Form, read_form

Show = Callable[[Web, Request], Response]
Submit = Callable[[Web, Request, Form], Response]

_PAGES: tuple[tuple[str, Show | None, Submit | None], ...] = (
    ("/", start_pages.show_start, None),
    ("/theme", None, start_pages.submit_theme),
    ("/static/{name:path}", start_pages.show_file, None),
    ("/sign-in", sign_in_pages.show_sign_in, sign_in_pages.submit_sign_in),
    ("/sign-out", sign_in_pages.show_sign_out, sign_in_pages.submit_sign_out),
    ("/account/applications", account_pages.show_applications, None),
    ("/account/applications/{client_id}/withdraw", account_pages.show_withdraw, account_pages.submit_withdraw),
    ("/account/sessions", account_pages.show_sessions, account_pages.submit_sessions),
)


def router(web: Web) -> APIRouter:
    """Every page for people but the documentation and the consent page, which have routers of their own."""
    made = APIRouter(include_in_schema=False)
    for path, show, submit in _PAGES:
        methods = [method for method, handler in (("GET", show), ("POST", submit)) if handler is not None]
        made.add_route(path, _endpoint(web, show, submit), methods=methods, include_in_schema=False)
    return made


def _endpoint(web: Web, show: Show | None, submit: Submit | None) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if request.method == "POST" and submit is not None:
            form = await read_form(request)
            return await run_in_threadpool(submit, web, request, form)
        assert show is not None  # the route lets no other method through
        return await run_in_threadpool(show, web, request)

    return answer
