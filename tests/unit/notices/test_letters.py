"""Events by mail: to those who want them, one letter for each event and person, by a real mail server on loopback."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import update

from directca.accounts import people
from directca.accounts.member import Member
from directca.accounts.passwords import Passwords
from directca.accounts.people import NewPerson, People
from directca.accounts.people_store import person as person_table
from directca.db.errors import LeaseLost
from directca.journal.model import Event as Row
from directca.journal.record import append
from directca.mail.config import MailConfig
from directca.mail.errors import NoMailServer
from directca.mail.smtp import SmtpPost
from directca.notices import delivery_store, letters
from directca.notices.context import Notices
from directca.notices.errors import BadChoice, NoticesRunning
from directca.notices.letter_text import MAILED, SUBJECTS, subject_of, text_of
from directca.notices.letters import choice, choose, give_back, is_due, send_due
from directca.notices.model import Event, EventKind
from tests.live import free_port
from tests.people import CHEAP, OPERATOR
from tests.unit.notices.sending import HERE, THERE, told
from tests.world import ALICE, START, World

ISSUED = (EventKind.CERTIFICATE_ISSUED.value,)


class Inbox:
    """What the mail server was given; it refuses as a test wants."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.answer = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (the library's name for it)
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer

    @property
    def messages(self) -> list[EmailMessage]:
        found = [message_from_bytes(one.content, policy=policy.default) for one in self.envelopes]
        assert all(isinstance(one, EmailMessage) for one in found)
        return found  # type: ignore[return-value]  # looked at just now


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def post(inbox: Inbox, world: World, tmp_path: Path) -> Iterator[SmtpPost]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    config = MailConfig("127.0.0.1", controller.port, "none", sender="ca@authority.example", seconds=2)
    yield SmtpPost(config, tmp_path, world.clock)
    controller.stop()


def a_member(world: World, name: str, email: str | None) -> Member:
    known = People(world.database, world.clock, secrets.token_bytes, Passwords(CHEAP, secrets.token_bytes))
    new = NewPerson(world.account_id, name, name, "a long enough pass phrase")
    made = people.create(known, new, actor=OPERATOR)
    with world.database.write() as tx:
        tx.execute(update(person_table).where(person_table.c.id == made.id).values(email=email))
    return Member(world.account_id, made.id)


@pytest.fixture
def maria(world: World) -> Member:
    return a_member(world, "maria", "maria@clinic.example")


def send(notices: Notices, post: SmtpPost, holder: str = HERE) -> None:
    told(notices)
    while send_due(notices, post, holder):
        pass
    give_back(notices, holder)


def dies_once_it_is_sent(notices: Notices, post: SmtpPost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand a letter over, and die before that is written down."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(letters, "_record", dies)
        with pytest.raises(KeyboardInterrupt):
            send_due(notices, post, HERE)


def test_who_wants_an_event_gets_one_letter_and_nobody_else_any(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member
) -> None:
    nina = a_member(world, "nina", "nina@clinic.example")
    told(notices)
    choose(notices, post, maria, ISSUED)
    choose(notices, post, nina, (EventKind.CERTIFICATE_REVOKED.value,))
    world.issue()
    for _ in range(3):
        send(notices, post)
    (envelope,) = inbox.envelopes
    (message,) = inbox.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ca@authority.example", ["maria@clinic.example"])
    assert message["Subject"] == f"Certificates issued: {ALICE}"
    text = message.get_content()
    assert f"Name: {ALICE}" in text
    assert "https://ca.example.org/console/letters" in text
    assert message["Auto-Submitted"] == "auto-generated"
    choose(notices, post, maria, ())
    world.clock.advance(days=1)
    world.verify_domain()
    send(notices, post)
    assert len(inbox.envelopes) == 1
    assert not is_due(notices)


def test_the_same_letter_after_a_crash_has_the_same_identity(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    world.issue()
    told(notices)
    dies_once_it_is_sent(notices, post, monkeypatch)
    with pytest.raises(NoticesRunning):
        send_due(notices, post, THERE)
    world.clock.advance(minutes=6)
    send(notices, post, THERE)
    first, second = inbox.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert not is_due(notices)


def test_who_lost_the_lease_writes_nothing_down(
    world: World, notices: Notices, post: SmtpPost, maria: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    world.issue()
    told(notices)
    handed = letters._handed_over

    def sleeps(*given: Any) -> str:
        outcome = handed(*given)
        world.clock.advance(minutes=6)
        letters._take_lease(notices, THERE)
        return outcome

    monkeypatch.setattr(letters, "_handed_over", sleeps)
    with pytest.raises(LeaseLost):
        send_due(notices, post, HERE)
    assert is_due(notices)


def test_each_letter_has_the_time_that_the_lease_gives(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    journalled(world, 4)
    told(notices)
    handed = letters._handed_over

    def slowly(*given: Any) -> str:
        world.clock.advance(minutes=4)
        with pytest.raises(NoticesRunning):
            letters._take_lease(notices, THERE)
        return handed(*given)

    monkeypatch.setattr(letters, "_handed_over", slowly)
    assert send_due(notices, post, HERE) == 4
    assert len(inbox.envelopes) == 4


def test_a_mail_server_that_refuses_is_tried_again_and_given_up_in_time(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    world.issue()
    inbox.answer = "451 later"
    send(notices, post)
    assert not is_due(notices), "not before its time"
    world.clock.advance(seconds=40)
    inbox.answer = "250 OK"
    send(notices, post)
    assert len(inbox.envelopes) == 1
    world.reissue(key=4)
    inbox.answer = "550 never"
    for _ in range(20):
        send(notices, post)
        world.clock.advance(hours=6)
    inbox.answer = "250 OK"
    send(notices, post)
    assert len(inbox.envelopes) == 1
    with world.database.read() as tx:
        assert ("mail", "delivered", 1) in delivery_store.counts(tx)


def test_who_has_gone_or_has_no_address_is_not_written_to(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    known = People(world.database, world.clock, secrets.token_bytes, Passwords(CHEAP, secrets.token_bytes))
    people.suspend(known, "maria", actor=OPERATOR, reason="left")
    world.issue()
    send(notices, post)
    assert inbox.envelopes == []
    people.resume(known, "maria", actor=OPERATOR)
    send(notices, post)
    assert inbox.envelopes == [], "what happened while somebody was away is not told later"


def test_what_cannot_be_chosen(world: World, notices: Notices, post: SmtpPost, maria: Member) -> None:
    nobody = a_member(world, "nobody", None)
    assert choice(notices, nobody).address is None
    with pytest.raises(BadChoice):
        choose(notices, post, nobody, ISSUED)
    with pytest.raises(BadChoice):
        choose(notices, post, maria, ("no.such",))
    with pytest.raises(BadChoice):
        choose(notices, post, maria, (EventKind.BALANCE_LOW.value,))
    without = SmtpPost(MailConfig(), Path("/nowhere"), world.clock)
    with pytest.raises(NoMailServer):
        choose(notices, without, maria, ISSUED)
    assert choose(notices, post, maria, tuple(kind.value for kind in MAILED)).address == "maria@clinic.example"
    assert "person.letters_chosen" in world.journal_kinds()


@pytest.mark.parametrize(
    "value", ["a\r\nBcc: x@evil.example", "a@b\nX: y", "ä@clinic.example", "x" * 90, "\r\n.\r\nQUIT\r\n", "a@clinic.example\r\n"]
)
def test_no_fact_becomes_a_header_or_another_line(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member, value: str
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    detail = {"identifier": value, "signing_serial": f"{value}{value}"}
    with world.database.write() as tx:
        append(tx, Row("certificate.issued", OPERATOR, "record:1", account_id=world.account_id, detail=detail), at=START)
    send(notices, post)
    (envelope,), (message,) = inbox.envelopes, inbox.messages
    assert envelope.rcpt_tos == ["maria@clinic.example"]
    assert message["Subject"] == "Certificates issued"
    assert message.keys().count("Bcc") == 0
    assert "X" not in message
    assert sum(line.startswith("    Name: ") for line in message.get_content().splitlines()) == 1
    assert not any(line.startswith(("Bcc", "X:", ".", "QUIT")) for line in message.get_content().splitlines())


def journalled(world: World, number: int, *, kind: str = "certificate.issued") -> None:
    rows = [
        Row(kind, OPERATOR, f"record:{one}", account_id=world.account_id, detail={"identifier": f"n{one}@clinic.example"})
        for one in range(number)
    ]
    with world.database.write() as tx:
        append(tx, *rows, at=world.clock.now())


def test_many_events_are_one_letter_and_the_next_comes_later(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member
) -> None:
    nina = a_member(world, "nina", "nina@clinic.example")
    told(notices)
    choose(notices, post, maria, (*ISSUED, EventKind.CERTIFICATE_RELEASED.value))
    choose(notices, post, nina, (EventKind.CERTIFICATE_RELEASED.value,))
    journalled(world, 2, kind="certificate.released")
    journalled(world, 700)
    send(notices, post)
    first = next(one for one in inbox.messages if one["To"] == "maria@clinic.example")
    assert len(inbox.envelopes) == 3, "one for maria, and two for nina, whom it does not concern that maria gets many"
    assert first["Subject"] == "702 notices"
    text = first.get_content()
    assert "702 things happened" in text
    assert "700 × Certificates issued" in text
    assert "2 × Certificates good again" in text
    assert "and 502 more" in text
    assert "https://ca.example.org/console/letters" in text
    journalled(world, 3)
    send(notices, post)
    assert len(inbox.envelopes) == 3
    assert not is_due(notices), "what waits for its time keeps nobody busy"
    world.clock.advance(minutes=14)
    journalled(world, 1)
    send(notices, post)
    assert len(inbox.envelopes) == 3
    world.clock.advance(minutes=2)
    send(notices, post)
    assert sorted(one["Subject"] for one in inbox.messages[3:]) == ["Certificates issued: n0@clinic.example"] * 2 + [
        "Certificates issued: n1@clinic.example",
        "Certificates issued: n2@clinic.example",
    ]


def test_ten_letters_come_one_by_one_and_the_eleventh_brings_the_rest(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    for _ in range(10):
        journalled(world, 1)
        send(notices, post)
    assert len(inbox.envelopes) == 10
    journalled(world, 4)
    send(notices, post)
    assert [one["Subject"] for one in inbox.messages[10:]] == ["Certificates issued: 4 notices"]


def test_a_letter_about_many_that_is_refused_is_tried_again_and_given_up_in_time(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    journalled(world, 600)
    inbox.answer = "451 later"
    send(notices, post)
    world.clock.advance(seconds=40)
    inbox.answer = "250 OK"
    send(notices, post)
    (message,) = inbox.messages
    assert message["Subject"] == "Certificates issued: 600 notices"
    inbox.answer = "550 never"
    world.clock.advance(hours=1)
    journalled(world, 600)
    for _ in range(20):
        send(notices, post)
        world.clock.advance(hours=6)
    inbox.answer = "250 OK"
    send(notices, post)
    assert len(inbox.envelopes) == 1
    with world.database.read() as tx:
        assert letters.store.waiting(tx) == 0


def test_what_is_gathered_again_after_a_crash_has_the_same_identity(
    world: World, notices: Notices, post: SmtpPost, inbox: Inbox, maria: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    journalled(world, 30)
    told(notices)
    dies_once_it_is_sent(notices, post, monkeypatch)
    send(notices, post)
    first, second = inbox.messages
    assert first["Message-ID"] == second["Message-ID"]
    assert first.get_content() == second.get_content()


@pytest.mark.parametrize("kind", MAILED)
def test_every_kind_has_its_words(kind: EventKind) -> None:
    event = Event("a", 1, "evt_1", kind, "record:1", {"domain": "clinic.example"}, START, 1)
    assert subject_of(event) == f"{SUBJECTS[kind]}: clinic.example"
    text = text_of(event, "https://ca.example.org")
    assert "`" not in text
    assert ".." not in text
    assert text.splitlines()[0].endswith(".")


def test_letters_that_were_sent_are_forgotten(world: World, notices: Notices, post: SmtpPost, maria: Member) -> None:
    told(notices)
    choose(notices, post, maria, ISSUED)
    world.issue()
    send(notices, post)
    with world.database.write() as tx:
        letters.store.forget(tx, world.clock.now() + timedelta(days=1))
        assert letters.store.waiting(tx) == 0
    assert choice(notices, maria).kinds == ISSUED
