"""The Allow header of a 405: every method that the address takes (RFC 9110 15.5.6), whichever routes share it."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import Scope

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def allowed(routes: Sequence[BaseRoute], scope: Scope) -> str:
    """The methods with which the path of `scope` is answered. The framework knows those of one route only, the first."""
    return ", ".join(one for one in _METHODS if any(_takes(route, {**scope, "method": one}) for route in routes))


def _takes(route: BaseRoute, scope: Scope) -> bool:
    return route.matches(scope)[0] is Match.FULL
