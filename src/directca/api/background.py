"""Revocations in bulk that an answer does not wait for."""

import os
import secrets
import socket
import threading

import structlog

from directca.errors import DirectCAError
from directca.revocation import bulk
from directca.revocation.context import Revocation

_LOG = structlog.get_logger("directca.revocations")


def begin(ca: Revocation, job_id: str) -> None:
    """Begin with an order at once. If this process ends, or the work fails, upkeep goes on with it."""
    threading.Thread(target=_work, args=(ca, job_id), daemon=True).start()


def _work(ca: Revocation, job_id: str) -> None:
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    try:
        bulk.work(ca, job_id, holder=holder)
    except DirectCAError as error:
        _LOG.error("a revocation in bulk was interrupted; upkeep goes on with it", job=job_id, error=error.slug)
