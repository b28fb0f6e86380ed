"""Letters, handed to a real SMTP server on loopback. `tests/unit/vetting/test_code_mail.py` says what the server may do to us."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from directca.clock import SystemClock
from directca.mail.config import MailConfig
from directca.mail.errors import LetterNotSent, NoMailServer
from directca.mail.letter import Letter
from directca.mail.smtp import SmtpPost
from tests.live import free_port


class Inbox:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (the library's name for it)
        self.contents.append(envelope.content)
        return "250 OK"


@pytest.fixture
def served() -> Iterator[tuple[int, Inbox]]:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port, inbox
    controller.stop()


def post(port: int, data: Path) -> SmtpPost:
    return SmtpPost(MailConfig("127.0.0.1", port, "none", sender="ca@authority.example", seconds=2), data, SystemClock())


def test_a_letter_under_an_id_is_the_same_letter_whenever_it_is_sent(served: tuple[int, Inbox], tmp_path: Path) -> None:
    port, inbox = served
    letter = Letter("maria@clinic.example", "Your balance is low", "Über $50.00\n", "balance.1")
    for one in (letter, letter, Letter("maria@clinic.example", "Again", "text\n")):
        post(port, tmp_path).send(one)
    first, second, other = (message_from_bytes(one, policy=policy.default) for one in inbox.contents)
    assert first["Message-ID"] == second["Message-ID"] == "<balance.1@authority.example>"
    assert other["Message-ID"] != first["Message-ID"]
    assert first["Subject"] == "Your balance is low"
    assert b"\xc3\x9cber" in inbox.contents[0] or b"=C3=9Cber" in inbox.contents[0] or b"w5xiZXI" in inbox.contents[0]


@pytest.mark.parametrize("part", ["to", "subject"])
def test_no_line_break_makes_another_header(served: tuple[int, Inbox], tmp_path: Path, part: str) -> None:
    port, inbox = served
    values = {"to": "maria@clinic.example", "subject": "Hello", "text": "text\n"}
    values[part] += "\r\nBcc: mallory@evil.example"
    with pytest.raises((ValueError, LetterNotSent)):
        post(port, tmp_path).send(Letter(**values))
    assert inbox.contents == []


def test_nobody_is_written_to_unless_a_server_is_named(tmp_path: Path) -> None:
    nobody = SmtpPost(MailConfig(), tmp_path, SystemClock())
    assert not nobody.is_set
    with pytest.raises(NoMailServer):
        nobody.send(Letter("maria@clinic.example", "Hello", "text\n"))
    with pytest.raises(LetterNotSent):
        post(free_port(), tmp_path).send(Letter("maria@clinic.example", "Hello", "text\n"))
