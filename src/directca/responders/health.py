"""Health, for whoever runs the machine: alive, and ready to do its work."""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Checks = Callable[[], dict[str, str]]
"""Each check by name: `ok`, or what is wrong."""


def routes(checks: Checks) -> list[Route]:
    """`/health/live` answers while the process does; `/health/ready` says 200 only when every check is ok."""

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    async def ready(_: Request) -> Response:
        found = await run_in_threadpool(checks)
        well = all(verdict == "ok" for verdict in found.values())
        content = {"status": "ok" if well else "unavailable", "checks": found}
        return JSONResponse(content, 200 if well else 503, {"Cache-Control": "no-store"})

    return [Route("/health/live", live, methods=["GET"]), Route("/health/ready", ready, methods=["GET"])]
