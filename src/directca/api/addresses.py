"""A function of the API at both of its addresses, with a trailing slash and without, one of them in the documentation."""

from fastapi import APIRouter
from starlette.responses import Response

from directca.api.certificate_docs import Described
from directca.api.plain import Handler


def serve(routes: APIRouter, method: str, path: str, handler: Handler, about: Described) -> None:
    """Add the function; `path` is the spelling that is documented."""
    bare = path.rstrip("/")
    for spelling in (bare, bare + "/"):
        shown = spelling == path
        routes.add_api_route(
            spelling,
            handler,
            methods=[method],
            summary=about.summary,
            description=about.text,
            responses=about.responses,
            openapi_extra=about.extra,
            include_in_schema=shown,
            response_class=Response,
            operation_id=about.name if shown else None,
        )
