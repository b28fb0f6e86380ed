"""Letters over SMTP: to the one server that the settings name, whatever anybody's DNS says.

Headers are written by `email`, which refuses line breaks in them; who calls has made sure that the address is one.
"""

import smtplib
import ssl
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from directca.clock import Clock
from directca.mail.config import MailConfig
from directca.mail.errors import LetterNotSent, NoMailServer
from directca.mail.letter import Letter


class SmtpPost:
    """The port's implementation."""

    def __init__(self, config: MailConfig, data: Path, clock: Clock) -> None:
        self._config = config
        self._data = data
        self._clock = clock

    @property
    def is_set(self) -> bool:
        """Whether the settings name a server."""
        return bool(self._config.host)

    def send(self, letter: Letter) -> None:
        """Hand the letter over. What the server says is not repeated to anybody: it may hold the address or more."""
        if not self.is_set:
            raise NoMailServer("This authority sends no mail: its settings name no mail server.")
        message = self._message(letter)
        try:
            with self._connected() as server:
                if self._config.user:
                    server.login(self._config.user, self._password())
                server.send_message(message, from_addr=self._config.sender, to_addrs=[letter.to])
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            raise LetterNotSent(
                f"The message to {letter.to} could not be handed over ({type(error).__name__}). Try again later.",
                retry_after=60,
            ) from error

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        here = config.sender.rpartition("@")[2]  # without it, the library would look this machine's name up
        if config.security == "none":
            return smtplib.SMTP(config.host, config.port, local_hostname=here, timeout=config.seconds)
        trust = ssl.create_default_context(cafile=str(self._data / config.trust_file) if config.trust_file else None)
        if config.security == "tls":
            return smtplib.SMTP_SSL(config.host, config.port, local_hostname=here, timeout=config.seconds, context=trust)
        server = smtplib.SMTP(config.host, config.port, local_hostname=here, timeout=config.seconds)
        try:
            server.starttls(context=trust)  # raises where the server, or somebody before it, has left it out
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, letter: Letter) -> EmailMessage:
        here = self._config.sender.rpartition("@")[2]
        message = EmailMessage(policy.SMTP)
        message["From"] = self._config.sender
        message["To"] = letter.to
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = make_msgid(domain=here) if letter.id is None else f"<{letter.id}@{here}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody answers it by machine
        message.set_content(letter.text)
        return message

    def _password(self) -> str:
        return (self._data / self._config.password_file).read_text("utf-8").strip()
