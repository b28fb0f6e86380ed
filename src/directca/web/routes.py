"""Where each page is that is no part of the console."""

from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from directca.web import account_pages, people_pages, second_factor_pages, security_pages, sign_in_pages, start_pages
from directca.web.context import Web
from directca.web.endpoints import endpoint, methods
from directca.web.forms import Form
from directca.web.next_page import PEOPLE, SECOND_FACTOR, SECURITY

Show = Callable[[Web, Request], Response]
Submit = Callable[[Web, Request, Form], Response]

_PAGES: tuple[tuple[str, Show | None, Submit | None], ...] = (
    ("/", start_pages.show_start, None),
    ("/theme", None, start_pages.submit_theme),
    ("/static/{name:path}", start_pages.show_file, None),
    ("/sign-in", sign_in_pages.show_sign_in, sign_in_pages.submit_sign_in),
    ("/sign-out", sign_in_pages.show_sign_out, sign_in_pages.submit_sign_out),
    (SECOND_FACTOR, second_factor_pages.show_second_factor, second_factor_pages.submit_second_factor),
    ("/account/applications", account_pages.show_applications, None),
    ("/account/applications/{client_id}/withdraw", account_pages.show_withdraw, account_pages.submit_withdraw),
    ("/account/sessions", account_pages.show_sessions, account_pages.submit_sessions),
    (SECURITY, security_pages.show_security, None),
    (f"{SECURITY}/app", security_pages.show_app, security_pages.submit_app),
    (f"{SECURITY}/app/new", None, security_pages.submit_new_app),
    (f"{SECURITY}/passkey", security_pages.show_passkey, security_pages.submit_passkey),
    (f"{SECURITY}/codes", None, security_pages.submit_codes),
    (f"{SECURITY}/{{factor}}/remove", security_pages.show_remove, security_pages.submit_remove),
    (PEOPLE, people_pages.show_people, None),
    (f"{PEOPLE}/grant", None, people_pages.submit_grant),
    (f"{PEOPLE}/withdraw", None, people_pages.submit_withdraw),
)


def router(web: Web) -> APIRouter:
    """Every page for people but the console, the documentation and the consent page, which have routers of their own."""
    made = APIRouter(include_in_schema=False)
    # A password takes a tenth of a second of a core, and more wait for their turn. They wait in threads of their own: whoever
    # floods the form must not hold up everybody else's requests. The one thread more tells those who find no place to come back.
    sign_ins = CapacityLimiter(web.people.passwords.places + 1)
    for path, show, submit in _PAGES:
        shown, sent = show and partial(show, web), submit and partial(submit, web)
        threads = sign_ins if submit is sign_in_pages.submit_sign_in else None
        made.add_route(path, endpoint(web.made, shown, sent, threads), methods=methods(shown, sent), include_in_schema=False)
    return made
