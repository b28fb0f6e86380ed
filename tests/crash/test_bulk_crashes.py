"""An order for many pairs, killed between its batches: whoever goes on finishes it, and each pair has exactly one journal row."""

import os
import signal
from collections import Counter
from datetime import timedelta

import pytest

from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.certificates.model import State
from directca.db.engine import Database
from directca.journal import read
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk
from directca.revocation.bulk_model import Job, JobState, Wanted
from directca.revocation.model import the_authority
from tests.register import a_record
from tests.world import DOMAIN, START, a_world

COUNT = 500


@pytest.mark.parametrize("after", [1, 2])
def test_killed_between_batches(database: Database, after: int) -> None:
    world = a_world(database)
    with database.write() as tx:
        ids = [a_record(tx, f"nr-{n}@{DOMAIN}", not_after=START + timedelta(days=300)).id for n in range(COUNT)]
    wanted = Wanted(Selection(domain=DOMAIN), RevocationReason.KEY_COMPROMISE)
    job, _ = bulk.order(world.revocation, the_authority("operator:ann"), wanted)
    database.close()  # what is open does not survive a fork
    heard = 0

    def told(_job: Job) -> None:
        nonlocal heard
        heard += 1
        if heard == after:
            os.kill(os.getpid(), signal.SIGKILL)

    pid = os.fork()
    if pid == 0:
        try:
            bulk.work(world.revocation, job.id, holder="killed", told=told)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    left = bulk.show(world.revocation, job.id)
    assert (left.state, left.done) == (JobState.RUNNING, 200 * after)
    assert bulk.resume_all(world.revocation, holder="another")[0].done == 200 * after, "the dead one's lease is respected"

    world.clock.advance(seconds=31)
    (ended,) = bulk.resume_all(world.revocation, holder="another")
    assert (ended.state, ended.outcomes) == (JobState.FINISHED, {"revoked": COUNT})
    with database.read() as tx:
        rows = Counter(row.event.subject for row in read.latest(tx, limit=5000) if row.event.kind == "certificate.revoked")
        found = [register.by_id(tx, one) for one in ids]
    assert rows == {f"record:{one}": 1 for one in ids}
    assert all(one is not None and one.state is State.REVOKED for one in found)
    world.check_books()
