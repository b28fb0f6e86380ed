"""The port behind which traces are made: what the frame tells of a request, and a verb of its steps.

A trace begins anew with each request. A caller's `traceparent` is not looked at: a stranger's would decide what is traced, and
would join traces of ours that have nothing to do with one another. What joins the two sides is the `X-Request-ID` of the answer,
which is an attribute of the trace.
"""

from collections.abc import Callable
from typing import Protocol

from directca.watch import Story


class Trace(Story, Protocol):
    """One request that is traced."""

    def answered(self, route: str, status: int) -> None:
        """The request was answered, and its trace has ended."""


Traces = Callable[[str, str], Trace | None]
"""Asked at the beginning of a request, with its method and its id; None when this one is not traced."""
