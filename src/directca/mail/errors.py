"""What can go wrong when the authority writes to somebody."""

from directca.errors import Malformed, Rejected, Unavailable


class NoMailServer(Rejected):
    """The settings name no mail server, so this authority writes to nobody."""

    slug = "mail_not_configured"


class LetterNotSent(Unavailable):
    """The mail server did not take the letter. The same may succeed a little later."""

    slug = "mail_not_sent"


class BadMailSettings(Malformed):
    """The settings about mail cannot be used."""

    slug = "bad_mail_settings"
