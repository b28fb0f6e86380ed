"""The start page, the colours, the files."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from directca.web.context import Web
from directca.web.forms import Form, check_own
from directca.web.next_page import own_path
from directca.web.pages import THEME_COOKIE, THEMES

_YEAR_SECONDS = 365 * 86_400


def show_start(web: Web, request: Request) -> Response:
    """What this is, and where to go."""
    return web.pages.render_for(web.visitor(request), request, "start.html")


def submit_theme(web: Web, request: Request, form: Form) -> Response:
    """Remember light or dark, or follow the system again. It carries no token: nothing but colours depends on it."""
    check_own(request, web.pages.public_url)
    response = RedirectResponse(own_path(form.text("next"), "/"), 303, {"Cache-Control": "no-store"})
    chosen = form.text("theme")
    if chosen in THEMES:
        response.set_cookie(THEME_COOKIE, chosen, _YEAR_SECONDS, path="/", secure=web.pages.https, httponly=True, samesite="lax")
    else:
        response.delete_cookie(THEME_COOKIE, path="/", secure=web.pages.https, httponly=True, samesite="lax")
    return response


def show_file(web: Web, request: Request) -> Response:
    """Stylesheet, scripts and images."""
    return web.static.answer(request, request.path_params["name"])
