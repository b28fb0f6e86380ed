"""The log: diagnosis for the operator, one JSON object a line on standard error; on a terminal, lines to read."""

import logging
import sys

import structlog


class StandardError:
    """Where the lines go: standard error as it is at that moment, whoever redirected it since."""

    def __init__(self, *_: object) -> None:
        pass

    def msg(self, message: str) -> None:
        """Write one line."""
        sys.stderr.write(message + "\n")

    debug = info = warning = error = critical = msg


def set_up() -> None:
    """Configure logging for this process. No secret reaches it: nothing logs bodies, headers or queries."""
    on_terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer(sort_keys=False)
    )
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if not on_terminal:
        # Frames without their local variables: those may hold what must not be told (invariant 21).
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        processors.append(structlog.processors.ExceptionRenderer(tracebacks))
    structlog.configure(
        processors=[*processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=StandardError,
        cache_logger_on_first_use=True,
    )
    # What libraries say reaches the same stream, from warnings upward.
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
