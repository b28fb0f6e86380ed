"""Codes by mail, handed to a real SMTP server on loopback."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from directca.clock import SystemClock
from directca.mail.config import MailConfig
from directca.mail.smtp import SmtpPost
from directca.vetting.code_mail import CodeMailer
from directca.vetting.domain_context import Letter
from directca.vetting.domain_errors import MailNotConfigured, MailNotSent
from tests.live import free_port
from tests.material import rsa_key

LETTER = Letter("postmaster@mail.clinic.example", "mail.clinic.example", "Clinic", "ABCD-EFGH-JKMN", 10)


class Inbox:
    """What a mail server was given; it answers as a test wants."""

    def __init__(self) -> None:
        self.envelopes: list[Any] = []
        self.answer = "250 OK"
        self.waits = 0.0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (the library's name for it)
        self.envelopes.append(envelope)
        return self.answer

    def message(self) -> EmailMessage:
        read = message_from_bytes(self.envelopes[-1].content, policy=policy.default)
        assert isinstance(read, EmailMessage)
        return read


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def port(inbox: Inbox) -> Iterator[int]:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


def mailer(port: int, data: Path, **changes: Any) -> CodeMailer:
    plain = MailConfig(host="127.0.0.1", port=port, security="none", sender="ca@authority.example", seconds=2)
    return CodeMailer(SmtpPost(replace(plain, **changes), data, SystemClock()), "https://ca.example")


def test_the_server_is_given_one_message_for_one_role_address(port: int, inbox: Inbox, tmp_path: Path) -> None:
    mailer(port, tmp_path).send(LETTER)
    (envelope,) = inbox.envelopes
    assert (envelope.mail_from, envelope.rcpt_tos) == ("ca@authority.example", [LETTER.to])
    message = inbox.message()
    assert (message["To"], message["From"], message["Auto-Submitted"]) == (LETTER.to, "ca@authority.example", "auto-generated")
    assert LETTER.code in message.get_content()
    assert LETTER.code not in str(message["Subject"])
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    "organization",
    ["Clinic\r\nBcc: x@evil.example", "Clinic\n.\nMAIL FROM:<x@evil.example>", "\r\n.\r\nQUIT", "Klinik für Ä\u2028é", "{code}"],
)
def test_no_name_of_an_organization_becomes_a_header_or_a_command(
    port: int, inbox: Inbox, tmp_path: Path, organization: str
) -> None:
    mailer(port, tmp_path).send(replace(LETTER, organization=organization))
    (envelope,) = inbox.envelopes
    assert envelope.rcpt_tos == [LETTER.to]
    assert set(inbox.message().keys()) >= {"From", "To", "Subject"}
    assert (inbox.message()["To"], inbox.message()["Bcc"]) == (LETTER.to, None)
    assert inbox.message().get_content().count(LETTER.code) == 1


@pytest.mark.parametrize("to", ["postmaster@x.example\r\nBcc: y@evil.example", "postmaster@x.example\nRCPT TO:<y@evil.example>"])
def test_a_line_break_in_an_address_is_never_sent(port: int, inbox: Inbox, tmp_path: Path, to: str) -> None:
    """No verb makes such an address; should one, the library refuses it."""
    with pytest.raises((MailNotSent, ValueError)):
        mailer(port, tmp_path).send(replace(LETTER, to=to))
    assert inbox.envelopes == []


@pytest.mark.parametrize("answer", ["550 no", "451 later", "garbage"])
def test_what_the_server_does_not_take_is_not_sent(port: int, inbox: Inbox, tmp_path: Path, answer: str) -> None:
    inbox.answer = answer
    with pytest.raises(MailNotSent) as refusal:
        mailer(port, tmp_path).send(LETTER)
    assert answer not in refusal.value.detail
    assert LETTER.code not in refusal.value.detail


def test_a_server_that_is_away_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(MailNotSent):
        mailer(free_port(), tmp_path).send(LETTER)
    assert time.monotonic() - began < 5


def test_without_a_server_nothing_is_sent(tmp_path: Path) -> None:
    nobody = mailer(1, tmp_path, host="")
    assert not nobody.is_set
    with pytest.raises(MailNotConfigured):
        nobody.send(LETTER)


def test_where_starttls_is_left_out_nothing_is_sent(port: int, inbox: Inbox, tmp_path: Path) -> None:
    """As when somebody on the way takes the offer out."""
    with pytest.raises(MailNotSent):
        mailer(port, tmp_path, security="starttls").send(LETTER)
    assert inbox.envelopes == []


@pytest.fixture
def identity(tmp_path: Path) -> ssl.SSLContext:
    """A mail server's certificate, for this machine; `server.pem` is what it is known by."""
    key, now = rsa_key(40), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "server.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    return context


def test_over_tls_the_server_is_known_by_its_certificate_and_told_who_we_are(
    inbox: Inbox, identity: ssl.SSLContext, tmp_path: Path
) -> None:
    told: list[tuple[bytes, bytes]] = []

    def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        told.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"ca", b"secret"))

    controller = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=identity,
        require_starttls=True,
        auth_required=True,
        authenticator=authenticator,
    )
    controller.start()
    try:
        (tmp_path / "password").write_text("secret\n")
        known = {"host": "localhost", "security": "starttls", "user": "ca", "password_file": "password"}
        with pytest.raises(MailNotSent):
            mailer(controller.port, tmp_path, **known).send(LETTER)  # by the system's certificates it is unknown
        assert (inbox.envelopes, told) == ([], [])
        mailer(controller.port, tmp_path, **known, trust_file="server.pem").send(LETTER)
        assert told == [(b"ca", b"secret")]
        assert len(inbox.envelopes) == 1
        (tmp_path / "password").write_text("wrong\n")
        with pytest.raises(MailNotSent) as refusal:
            mailer(controller.port, tmp_path, **known, trust_file="server.pem").send(LETTER)
        assert "wrong" not in refusal.value.detail
    finally:
        controller.stop()


def test_tls_from_the_first_octet_is_as_good(inbox: Inbox, identity: ssl.SSLContext, tmp_path: Path) -> None:
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port(), ssl_context=identity)
    controller.start()
    try:
        with pytest.raises(MailNotSent):
            mailer(controller.port, tmp_path, host="localhost", security="tls").send(LETTER)
        assert inbox.envelopes == []
        mailer(controller.port, tmp_path, host="localhost", security="tls", trust_file="server.pem").send(LETTER)
        assert len(inbox.envelopes) == 1
    finally:
        controller.stop()
