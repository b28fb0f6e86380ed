"""Why control of a domain is not shown, or cannot be shown now."""

from directca.errors import Conflict, Malformed, NotFound, RateLimited, Rejected, Unavailable


class NoSuchChallenge(NotFound):
    """The account has claimed no domain under this identifier."""

    slug = "domain_challenge_not_found"


class ChallengeExpired(Conflict):
    """The time to meet this challenge is over; claim the domain again."""

    slug = "domain_challenge_expired"


class ChallengeSettled(Conflict):
    """The challenge was met, failed or withdrawn before, or is met in another way. Each is used once."""

    slug = "domain_challenge_settled"


class WrongCode(Malformed):
    """The code is not the one that was mailed for this challenge. After a few wrong ones the challenge has failed."""

    slug = "wrong_domain_code"


class DomainNotProven(Rejected):
    """The record was looked for, and not everybody who must see it saw it. The description says what is missing."""

    slug = "domain_not_proven"


class DomainRefused(Rejected):
    """Nobody may claim this domain: the authority's settings say so, or it is a public suffix, such as `co.uk`."""

    slug = "domain_refused"


class DomainMustBeShown(Rejected):
    """Control of a domain is shown, by a record or a code, and not typed in; only a sandbox takes an operator's word for it."""

    slug = "domain_must_be_shown"


class TooManyDomainAttempts(RateLimited):
    """There were too many claims, looks or codes for this domain or by this organization. It passes by itself."""

    slug = "too_many_domain_attempts"


class DomainLooksBusy(Unavailable):
    """As many records are being looked for, or codes mailed, as this server does at once."""

    slug = "domain_looks_busy"


class MailNotConfigured(Rejected):
    """This authority sends no mail, so control of a domain is shown by a TXT record only."""

    slug = "domain_mail_not_configured"


class MailNotSent(Unavailable):
    """The mail server did not take the message with the code. Claim the domain again, or use a TXT record."""

    slug = "domain_mail_not_sent"


class BadDomainSettings(Malformed):
    """The settings about looking at domains cannot be used."""

    slug = "bad_domain_settings"
