"""From a table of pages to routes. Handlers are plain functions and run in the thread pool; only the reading of a form waits on a
socket."""

from collections.abc import Awaitable, Callable
from functools import partial

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response

from directca.web.context import Made
from directca.web.forms import LONGEST_FORM, Form, read_form

Show = Callable[[Request], Response]
Submit = Callable[[Request, Form], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(
    made: Made, show: Show | None, submit: Submit | None, threads: CapacityLimiter | None = None, longest: int = LONGEST_FORM
) -> Endpoint:
    """The page. `threads` bounds what its form may occupy; without it, the form works in the pool of all requests. `longest`: the
    bytes of its form."""

    async def answer(request: Request) -> Response:
        if request.method == "POST" and submit is not None:
            form = await read_form(request, longest)
            if threads is not None:
                return await to_thread.run_sync(submit, request, form, limiter=threads)
            return await made(request, partial(submit, request, form))
        assert show is not None  # the route lets no other method through
        return await made(request, partial(show, request))

    return answer


def methods(show: Show | None, submit: Submit | None) -> list[str]:
    """What a page can be asked for."""
    return [method for method, handler in (("GET", show), ("POST", submit)) if handler is not None]
