"""Sending a code by mail.

Nothing of the message comes from a stranger but the domain, which `direct.names` has made plain ASCII labels, and the name of an
organization, which stands in the text alone.
"""

from directca.mail import letter as mail
from directca.mail.errors import LetterNotSent
from directca.vetting.domain_context import Letter
from directca.vetting.domain_errors import MailNotConfigured, MailNotSent

_TEXT = """\
{organization} asks {authority} for certificates in the domain {domain}.

If you run {domain} and this is meant, enter this code within {minutes} minutes:

    {code}

It is good once. If you know nothing of this, do nothing: without the code nothing happens.
"""


class CodeMailer:
    """Writes codes into letters."""

    def __init__(self, post: mail.Post, authority: str) -> None:
        self._post = post
        self._authority = authority

    @property
    def is_set(self) -> bool:
        """Whether the settings name a server."""
        return self._post.is_set

    def send(self, letter: Letter) -> None:
        """Hand the message over."""
        if not self.is_set:
            raise MailNotConfigured("This authority sends no mail. Show control of the domain by a TXT record.")
        text = _TEXT.format(
            organization=letter.organization,
            authority=self._authority,
            domain=letter.domain,
            minutes=letter.minutes,
            code=letter.code,
        )
        try:
            self._post.send(mail.Letter(letter.to, f"Code to show control of {letter.domain}", text))
        except LetterNotSent as error:
            raise MailNotSent(
                f"{error.detail.removesuffix('.')}, or show control of the domain by a TXT record.",
                retry_after=error.retry_after,
            ) from error
