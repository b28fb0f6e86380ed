"""The log: diagnosis for the operator, one JSON object a line on standard error; on a terminal, lines to read."""

import json
import logging
import mmap
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import structlog
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from structlog.typing import EventDict, WrappedLogger

# In memory that the workers share with the process they were forked from: it is that one which is asked for metrics.
_LOST = memoryview(mmap.mmap(-1, 8)).cast("Q")


class StandardError:
    """Where the lines go: standard error as it is at that moment, whoever redirected it since.

    A line that cannot be written, to a full disk or to a reader that has gone, is counted and dropped: the log is diagnosis, and
    nothing that the authority does may depend on it.
    """

    def __init__(self, *_: object) -> None:
        pass

    def msg(self, message: str) -> None:
        """Write one line, if it can be written."""
        try:
            sys.stderr.write(message + "\n")
        except (OSError, ValueError):  # ValueError: the stream was closed
            _LOST[0] += 1

    debug = info = warning = error = critical = msg


class LostLines(Collector):
    """How many lines could not be written, by any process of this server."""

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The sum until now."""
        yield CounterMetricFamily("directca_log_lines_lost", "Log lines that could not be written", value=_LOST[0])


def set_up() -> None:
    """Configure logging for this process. No secret reaches it: nothing logs bodies, headers or queries."""
    on_terminal = sys.stderr.isatty()
    # Either way frames are shown without their local variables: those may hold what must not be told (invariant 21).
    if on_terminal:
        ending: list[structlog.typing.Processor] = [
            printable,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    else:
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ending = [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer(_as_json)]
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True), *ending],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=StandardError,
        cache_logger_on_first_use=True,
    )
    # The frame answers every request; what uvicorn says here is that its client left before the end.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "without completing response" not in str(record.msg))
    # What libraries say reaches the same stream, from warnings upward.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def _as_json(event: EventDict, *, default: Callable[[Any], Any]) -> str:
    return _encoder(default).encode(event)


@lru_cache(maxsize=1)
def _encoder(default: Callable[[Any], Any]) -> json.JSONEncoder:
    """One for all lines: to make it takes longer than to write a line with it."""
    return json.JSONEncoder(default=default)


def printable(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Escape what is no character to read: a stranger's path must not move the cursor of the operator's terminal."""
    return {name: _escaped(value) if isinstance(value, str) else value for name, value in event.items()}


def _escaped(text: str) -> str:
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
