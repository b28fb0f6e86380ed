"""Where each page of the console is.

Every page can be opened, and its forms are sent to the address of a page: whoever has to sign in, or to show a second factor, in
between is led back to something that is there.
"""

from collections.abc import Callable
from functools import partial

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from directca.web.console import case_pages, organization_pages, overview_page
from directca.web.console.context import Console
from directca.web.console.organization_pages import CASES, ORGANIZATIONS
from directca.web.endpoints import endpoint, methods
from directca.web.forms import Form
from directca.web.next_page import CONSOLE

Show = Callable[[Console, Request], Response]
Submit = Callable[[Console, Request, Form], Response]

PAGES: tuple[tuple[str, Show, Submit | None], ...] = (
    (CONSOLE, overview_page.show_overview, None),
    (ORGANIZATIONS, organization_pages.show_organizations, None),
    (f"{ORGANIZATIONS}/new", organization_pages.show_new, organization_pages.submit_new),
    (f"{ORGANIZATIONS}/{{organization}}", organization_pages.show_organization, organization_pages.submit_organization),
    (f"{ORGANIZATIONS}/people/{{person}}/end", organization_pages.show_retire, organization_pages.submit_retire),
    (f"{CASES}/{{case}}", case_pages.show_case, case_pages.submit_case),
    (f"{CASES}/{{case}}/facts", case_pages.show_facts, case_pages.submit_facts),
    (f"{CASES}/{{case}}/people", case_pages.show_person, case_pages.submit_person),
)


def router(console: Console) -> APIRouter:
    """The routes of all pages."""
    made = APIRouter(include_in_schema=False)
    for path, show, submit in PAGES:
        shown, sent = partial(show, console), submit and partial(submit, console)
        made.add_route(path, endpoint(console.web.made, shown, sent), methods=methods(shown, sent), include_in_schema=False)
    return made
