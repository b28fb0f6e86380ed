"""A function of the API at both of its addresses, with a trailing slash and without, one of them in the documentation."""

from typing import Any

from starlette.responses import Response

from directca.api.certificate_docs import Described
from directca.api.plain import Handler, PlainRouter


def serve(routes: PlainRouter, method: str, path: str, handler: Handler, about: Described) -> None:
    """Add the function; `path` is the spelling that is documented."""

    def description() -> dict[str, Any]:
        return {
            "summary": about.summary,
            "description": about.text,
            "responses": about.responses,
            "openapi_extra": about.extra,
            "response_class": Response,
            "operation_id": about.name,
        }

    bare = path.rstrip("/")
    for spelling in (bare, bare + "/"):
        routes.add([method], spelling, handler, description if spelling == path else None)
