"""The journal for auditors: read it, find out whether it is what was written, take a copy along.

Reading leaves no trace; a copy and a verification do, as the certificate policy wants of every export.
"""

from dataclasses import dataclass

from directca.accounts import permissions, sessions
from directca.accounts.people import People
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import Session
from directca.clock import rfc3339
from directca.db.engine import Tx
from directca.journal import read, verification
from directca.journal.chain import GENESIS, digest
from directca.journal.errors import NoSuchRow
from directca.journal.model import Event, Fact, Row, Verification, Wanted
from directca.journal.record import append

MOST = 50
"""As many rows stand on a page."""

MOST_COPIED = 10_000
"""As many rows are in one copy; the next goes on where it ends."""

_VERIFICATIONS = 10


@dataclass(frozen=True)
class JournalPage:
    """Rows of the journal, newest first; how many it has in all; before which row the next page begins, if there is one."""

    rows: tuple[Row, ...]
    length: int
    before: int | None


@dataclass(frozen=True)
class ChainedRow:
    """One row with what the chain says of it: whether its digest covers what it says, whether it continues the row before it, and
    whether the row behind it continues it; None for the last one."""

    row: Row
    is_sound: bool
    continues: bool
    is_continued: bool | None


def rows(people: People, wanted: Wanted, before: int | None, *, by: Session) -> JournalPage:
    """The rows that are looked for, newest first. Raises NotPermitted, SessionEnded."""
    with people.database.read() as tx:
        _check(tx, people, permissions.SEE_JOURNAL, by)
        found = read.before(tx, wanted, before, limit=MOST + 1)
        length = read.length(tx)
    return JournalPage(found[:MOST], length, found[MOST - 1].position if len(found) > MOST else None)


def row(people: People, position: int, *, by: Session) -> ChainedRow:
    """One row, and how it stands in the chain. Raises NotPermitted, SessionEnded, NoSuchRow."""
    with people.database.read() as tx:
        _check(tx, people, permissions.SEE_JOURNAL, by)
        before, this, behind = read.around(tx, position)
    if this is None:
        raise NoSuchRow(f"The journal has no row {position}.")
    expected = GENESIS if position == 1 else None if before is None else before.digest
    return ChainedRow(
        row=this,
        is_sound=digest(this.previous_digest, this.position, this.at, this.event) == this.digest,
        continues=this.previous_digest == expected,
        is_continued=None if behind is None else behind.previous_digest == this.digest,
    )


def copied(people: People, wanted: Wanted, before: int | None, form: str, *, by: Session) -> tuple[Row, ...]:
    """The rows that are looked for, to be taken along; the journal has who took which. Raises NotPermitted, SessionEnded."""
    with people.database.read() as tx:
        _check(tx, people, permissions.COPY_JOURNAL, by)
        found = read.before(tx, wanted, before, limit=MOST_COPIED)
    with people.database.write() as tx:
        who = _check(tx, people, permissions.COPY_JOURNAL, by).person
        detail: dict[str, Fact] = {
            "form": form,
            "rows": len(found),
            "first": found[-1].position if found else None,
            "last": found[0].position if found else None,
            "since": None if wanted.since is None else rfc3339(wanted.since),
            "until": None if wanted.until is None else rfc3339(wanted.until),
            "kind": wanted.kind,
            "actor": wanted.actor,
            "subject": wanted.subject,
            "account": wanted.account_id,
        }
        append(tx, Event("journal.copied", who.actor, "journal", detail=detail), at=people.clock.now())
    return found


def verifications(people: People, *, by: Session) -> tuple[Verification, ...]:
    """The last verifications, newest first. Raises NotPermitted, SessionEnded."""
    with people.database.read() as tx:
        _check(tx, people, permissions.SEE_JOURNAL, by)
        return verification.newest(tx, _VERIFICATIONS)


def begin_verification(people: People, *, by: Session) -> Verification:
    """Have the whole journal verified; `journal.verification.walk` does it. While one moves, that one is answered.

    Raises NotPermitted, SessionEnded.
    """
    with people.database.write() as tx:
        who, now = _check(tx, people, permissions.VERIFY_JOURNAL, by).person, people.clock.now()
        for one in verification.newest(tx, _VERIFICATIONS):
            if one.finished_at is None:
                return one
        return verification.begin(tx, who.actor, now, people.random)


def _check(tx: Tx, people: People, rule: Rule, by: Session) -> Session:
    """Who asks, as they are at this moment."""
    session = sessions.confirmed(tx, people, by, people.clock.now())
    permissions.check(rule, session.person.roles, Whose.OTHER)
    return session
