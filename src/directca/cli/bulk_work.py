"""Working on a revocation in bulk from a command: with its progress on standard error, to the end, whoever does the work."""

import os
import socket
import sys
import time

from directca.revocation import bulk
from directca.revocation.bulk_model import Job, JobState
from directca.revocation.context import Revocation

_LOOK_AGAIN_SECONDS = 1.0


def through(ca: Revocation, job: Job) -> Job:
    """Work until it is finished, or watch the process that does."""
    holder = f"{socket.gethostname()}:{os.getpid()}"
    while True:
        job = bulk.work(ca, job.id, holder=holder, told=_tell)
        if job.state is not JobState.RUNNING:
            return job
        _tell(job)
        time.sleep(_LOOK_AGAIN_SECONDS)


def _tell(job: Job) -> None:
    end = "\r" if sys.stderr.isatty() and job.done < job.total else "\n"
    sys.stderr.write(f"{job.done:,} of {job.total:,} done{end}")
    sys.stderr.flush()
