"""The mail server that takes what the authority sends."""

from dataclasses import dataclass
from pathlib import Path

from directca.direct import names
from directca.direct.errors import BadDirectName
from directca.mail.errors import BadMailSettings

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class MailConfig:
    """The one mail server that takes what the authority sends (empty `host`: none). `security` is `starttls`, `tls`, or `none`
    for a server on this machine. `trust_file` holds the certificates by which it is known (empty: the system's)."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    user: str = ""
    password_file: str = ""
    sender: str = ""
    trust_file: str = ""
    seconds: int = 20


def check_mail(mail: MailConfig, data: Path) -> None:
    """Raise BadMailSettings, with the setting's name as its field, unless the settings can be used."""
    if not mail.host:
        return
    if mail.security not in ("starttls", "tls", "none"):
        raise _bad("mail.security", "starttls, tls or none")
    if mail.security == "none" and mail.host not in _THIS_MACHINE:
        raise _bad("mail.security", "starttls or tls for a server on another machine: codes must not be read on the way")
    if not 1 <= mail.port <= 65_535 or not 1 <= mail.seconds <= 120:
        raise _bad("mail.port", "a port, 1 to 65535, and mail.seconds 1 to 120")
    if bool(mail.user) != bool(mail.password_file):
        raise _bad("mail.password_file", "given together with mail.user, or both left out")
    for name, file in (("password_file", mail.password_file), ("trust_file", mail.trust_file)):
        if file and not (data / file).is_file():
            raise _bad(f"mail.{name}", f"a file that is there; {data / file} is not")
    try:
        sender = names.parse(mail.sender, field="mail.sender")
    except BadDirectName as error:
        raise BadMailSettings(
            f"mail.sender must be the address that letters come from. {error.detail}", field="mail.sender"
        ) from error
    if sender.kind is not names.Kind.ADDRESS:
        raise _bad("mail.sender", "an address, such as ca@example.org")


def _bad(field: str, wanted: str) -> BadMailSettings:
    return BadMailSettings(f"{field} must be {wanted}.", field=field)
