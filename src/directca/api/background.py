"""What an answer does not wait for: revocations in bulk, files of addresses, verifications of the journal."""

import os
import secrets
import socket
import threading

import structlog

from directca.clock import Clock
from directca.db.engine import Database
from directca.errors import DirectCAError
from directca.journal import verification
from directca.revocation import bulk
from directca.revocation.context import Revocation
from directca.vetting import address_upload
from directca.vetting.context import Registration

_LOG = structlog.get_logger("directca.revocations")


def begin(ca: Revocation, job_id: str) -> None:
    """Begin with an order at once. If this process ends, or the work fails, upkeep goes on with it."""
    threading.Thread(target=_work, args=(ca, job_id), daemon=True).start()


def look_at_addresses(desk: Registration, upload_id: str) -> None:
    """Begin with a file at once. If this process ends, or the work fails, upkeep goes on with it."""
    threading.Thread(target=_look, args=(desk, upload_id), daemon=True).start()


def verify(database: Database, clock: Clock, verification_id: str) -> None:
    """Begin with a walk over the journal at once, or go on with one. If this process ends, it stands still."""
    threading.Thread(target=_walk, args=(database, clock, verification_id), daemon=True).start()


def _walk(database: Database, clock: Clock, verification_id: str) -> None:
    try:
        verification.walk(database, clock, verification_id)
    except DirectCAError as error:
        _LOG.error("a verification of the journal was interrupted", verification=verification_id, error=error.slug)


def _work(ca: Revocation, job_id: str) -> None:
    try:
        bulk.work(ca, job_id, holder=_holder())
    except DirectCAError as error:
        _LOG.error("a revocation in bulk was interrupted; upkeep goes on with it", job=job_id, error=error.slug)


def _look(desk: Registration, upload_id: str) -> None:
    try:
        address_upload.work(desk, upload_id, holder=_holder())
    except DirectCAError as error:
        _LOG.error("a file of addresses was left half looked at; upkeep goes on with it", upload=upload_id, error=error.slug)


def _holder() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
