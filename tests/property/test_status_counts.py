"""For any history of pairs and at any moment: what the counters say is what a walk over the records finds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from directca.certificates import register, store
from directca.certificates.filters import Filters, Window
from directca.certificates.model import Record, State, Status, Usage, status
from directca.certificates.query import Counts, page
from directca.db.engine import Database, Tx
from directca.pki.reasons import RevocationReason
from tests.register import NOON, a_record

ACTS = st.sampled_from(["issue", "intend", "settle", "succeed", "revoke", "hold", "release"])
HOURS = st.integers(-60, 60)
MIDNIGHT = NOON - timedelta(hours=12)
MOMENTS = st.one_of(
    HOURS.map(lambda hours: NOON + timedelta(hours=hours)),
    HOURS.map(lambda hours: NOON + timedelta(hours=hours, microseconds=1)),
    st.integers(-3, 3).map(lambda days: MIDNIGHT + timedelta(days=days)),
)
BOUNDS = st.none() | MOMENTS
NEVER = datetime.max.replace(tzinfo=NOON.tzinfo)
_accounts = count(1)


@dataclass
class History:
    """What became of an account's pairs."""

    tx: Tx
    account: str
    number: int = 0

    def act(self, what: str, which: int, ends: datetime) -> None:
        """Do one thing, to one of the pairs that it can be done to."""
        if what in ("issue", "intend"):
            self.number += 1
            state = State.ISSUED if what == "issue" else State.INTENDED
            name = f"a{self.number}@{self.account}.example"
            a_record(self.tx, name, account_id=self.account, state=state, not_after=ends, current=True)
            return
        fitting = [one for one in self.records() if one.state is _BEFORE[what]]
        if what == "succeed":
            fitting = [one for one in fitting if one.current]
        if not fitting:
            return
        one = fitting[which % len(fitting)]
        if what == "settle":
            register.settle(self.tx, one, NOON)
        elif what == "succeed":
            self._succeed(one, ends)
        else:
            register.revoke(self.tx, one, _REASONS[what], NOON)

    def records(self) -> list[Record]:
        """All of them, intents as well."""
        rows = self.tx.execute(select(*store.RECORD_COLUMNS).where(store.record.c.account_id == self.account))
        return sorted((store.record_from(row) for row in rows), key=lambda one: one.id)

    def _succeed(self, one: Record, ends: datetime) -> None:
        changes = {"supersedes": one.id, "account_id": self.account, "not_after": ends}
        intent = a_record(self.tx, one.identifier, state=State.INTENDED, **changes)
        pair = store.certificates_of(self.tx, [intent])[intent.id]
        signed = [replace(pair[usage], der=b"der") for usage in Usage]
        register.complete(self.tx, intent, signed, now=NOON, old_revoke_at=None)()


_BEFORE = {
    "settle": State.INTENDED,
    "succeed": State.ISSUED,
    "revoke": State.ISSUED,
    "hold": State.ISSUED,
    "release": State.HELD,
}
_REASONS = {
    "revoke": RevocationReason.CESSATION_OF_OPERATION,
    "hold": RevocationReason.CERTIFICATE_HOLD,
    "release": RevocationReason.REMOVE_FROM_CRL,
}


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.tuples(ACTS, st.integers(0, 9), MOMENTS), max_size=25),
    moments=st.lists(MOMENTS, min_size=1, max_size=3),
    after=BOUNDS,
    before=BOUNDS | st.just(NEVER),
)
def test_counters_say_what_a_walk_finds(
    database: Database,
    acts: list[tuple[str, int, datetime]],
    moments: list[datetime],
    after: datetime | None,
    before: datetime | None,
) -> None:
    history_of = f"account-{next(_accounts)}"
    with database.write() as tx:
        history = History(tx, history_of)
        for what, which, ends in acts:
            history.act(what, which, ends)
        known = [one for one in history.records() if one.position is not None]
    within = [one for one in known if (after is None or one.not_after > after) and (before is None or one.not_after < before)]
    with database.read() as tx:
        for now in moments:
            for wanted in (*Status, None):
                found = [one for one in within if wanted in (None, status(one, now))]
                filters = Filters(status=wanted, expires_after=after, expires_before=before)
                shown = page(tx, Counts(), history_of, filters, Window(limit=100), now)
                assert shown.total == len(found)
                assert [pair.record.position for pair in shown.pairs] == sorted(
                    (one.position or 0 for one in found), reverse=True
                )
