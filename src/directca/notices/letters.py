"""Events by mail to people: who wants which, and the sending. `docs/flows/notify.md` tells the same steps.

One letter for each event and person: the table has room for no second. Where somebody would get many at once, they are gathered
in one. What is handed over is written down after it was, so a crash in between sends the same letter again, under the same
Message-ID.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from directca.accounts import permissions
from directca.accounts.member import Member, acting
from directca.accounts.permissions import Whose
from directca.accounts.reachable import address_of
from directca.db import leases
from directca.journal.model import Event as Row
from directca.journal.record import append
from directca.mail.errors import LetterNotSent, NoMailServer
from directca.mail.letter import Letter, Post
from directca.notices import delivery_store
from directca.notices import letter_store as store
from directca.notices.context import Notices
from directca.notices.errors import BadChoice, NoticesRunning
from directca.notices.gathering import WINDOW, Together, mailings
from directca.notices.letter_model import EventLetter, LetterState, Mailing
from directca.notices.letter_text import MAILED, subject_of_several, text_of_several
from directca.notices.webhook_policy import pause

LEASE = "letters"
WAY = "mail"
_DURATION = timedelta(seconds=300)
"""Longer than a mail server may take for a letter."""
_BATCH = 20
_MOST_TOGETHER = 5_000
"""How many events one letter tells of at most; what is more waits for the next."""


@dataclass(frozen=True)
class Choice:
    """What somebody wants by mail, and where it reaches them: None where nobody has shown an address."""

    kinds: tuple[str, ...]
    address: str | None


def choice(notices: Notices, who: Member) -> Choice:
    """What the person has chosen. Raises SessionEnded."""
    with notices.database.read() as tx:
        acting(tx, who, permissions.CHOOSE_LETTERS, Whose.OWN)
        return Choice(store.choice(tx, who.person_id), address_of(tx, who.person_id))


def choose(notices: Notices, post: Post, who: Member, kinds: tuple[str, ...]) -> Choice:
    """Be written about events of these kinds from now on. Raises BadChoice, NoMailServer, SessionEnded."""
    wanted = tuple(dict.fromkeys(kinds))
    if unknown := set(wanted).difference(MAILED):
        raise BadChoice(f"{sorted(unknown)[0][:40]!r} is nothing that is mailed.", field="kinds")
    if wanted and not post.is_set:
        raise NoMailServer("This authority sends no mail. Have events sent to a webhook, or fetch them.")
    with notices.database.write() as tx:
        acting(tx, who, permissions.CHOOSE_LETTERS, Whose.OWN)
        address = address_of(tx, who.person_id)
        if wanted and address is None:
            raise BadChoice(
                "No address of yours is known. The authority's operator can say where letters reach you.", field="kinds"
            )
        now = notices.clock.now()
        store.choose(tx, who.person_id, who.account_id, wanted, now)
        detail = {"kinds": list(wanted)}
        append(
            tx,
            Row("person.letters_chosen", who.actor, f"person:{who.person_id}", account_id=who.account_id, detail=detail),
            at=now,
        )
    return Choice(wanted, address)


def is_due(notices: Notices) -> bool:
    """Whether a letter is to be sent now."""
    with notices.database.read() as tx:
        return bool(store.due(tx, notices.clock.now(), 1))


def send_due(notices: Notices, post: Post, holder: str) -> int:
    """Send some of the letters whose time has come; how many were tried. Raises NoticesRunning, LeaseLost."""
    if not post.is_set or not is_due(notices):
        return 0

    # 9 take the lease
    _take_lease(notices, holder)

    # 10 choose
    chosen = _chosen(notices, holder)
    for mailing, address in chosen:
        # 11 hand over
        outcome = _handed_over(notices, post, mailing, address)
        # A crash here leaves letters that were sent and wait still: they are sent once more, under the same Message-ID.

        # 12 record
        _record(notices, mailing, outcome, holder)
    return len(chosen)


def _chosen(notices: Notices, holder: str) -> list[tuple[Mailing, str | None]]:
    """What is to be mailed now, and where to; who was written to a moment ago about many events waits for the next."""
    now = notices.clock.now()
    with notices.database.read() as tx:
        people = dict.fromkeys(one.person_id for one in store.due(tx, now, _BATCH))
        together = [
            Together(store.due_to(tx, one, now, _MOST_TOGETHER), *store.sent_since(tx, one, now - WINDOW)) for one in people
        ]
        addresses = {one: address_of(tx, one) for one in people}
    for one in together:
        if one.waits_until is not None:
            with notices.database.write() as tx:
                leases.require(tx, LEASE, holder)
                store.postpone(tx, one.person_id, one.waits_until)
    return [(mailing, addresses[mailing.person_id]) for one in together for mailing in mailings(one)][:_BATCH]


def _take_lease(notices: Notices, holder: str) -> None:
    with notices.database.write() as tx:
        if not leases.take(tx, LEASE, holder, now=notices.clock.now(), duration=_DURATION):
            raise NoticesRunning("Another process sends letters; it goes on by itself.")


def give_back(notices: Notices, holder: str) -> None:
    """Let another process send at once."""
    with notices.database.write() as tx:
        leases.give_back(tx, LEASE, holder, now=notices.clock.now())


def _handed_over(notices: Notices, post: Post, mailing: Mailing, address: str | None) -> str:
    if address is None:
        return "no_address"
    subject, text = _words(notices, mailing.letters)
    try:
        post.send(Letter(address, subject, text, mailing.message_id))
    except LetterNotSent:
        return "refused"
    return "delivered"


def _words(notices: Notices, letters: tuple[EventLetter, ...]) -> tuple[str, str]:
    if len(letters) == 1:
        return letters[0].subject, letters[0].text
    return subject_of_several(letters), text_of_several(letters, notices.authority)


def _record(notices: Notices, mailing: Mailing, outcome: str, holder: str) -> None:
    now, tries = notices.clock.now(), max(one.tries for one in mailing.letters) + 1
    again_at = now + pause(tries, notices.config, notices.random(1)[0])
    oldest = again_at - timedelta(hours=notices.config.retry_hours)
    ends = {
        over: [one for one in mailing.letters if (outcome != "refused" or one.made_at < oldest) is over] for over in (True, False)
    }
    with notices.database.write() as tx:
        leases.require(tx, LEASE, holder)
        leases.take(tx, LEASE, holder, now=now, duration=_DURATION)  # the next letter has all of the time
        state = LetterState.SENT if outcome == "delivered" else LetterState.FAILED
        store.move(tx, ends[True], {"state": state, "tries": tries, "settled_at": now})
        store.move(tx, ends[False], {"tries": tries, "next_at": again_at})
        delivery_store.count(tx, WAY, Counter([outcome]))
