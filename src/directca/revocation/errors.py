"""What revoking and the status of certificates refuse."""

from directca.errors import Conflict, Malformed, Rejected, Unavailable


class BadReason(Malformed):
    """The reason is not one of the words that the API knows, in exactly that spelling."""

    slug = "bad_reason"


class ReasonReserved(Rejected):
    """The reason asserts a fact that only an officer of the certificate authority can know."""

    slug = "reason_reserved"


class AlreadyRevoked(Conflict):
    """The pair is revoked. A revocation is final; its reason can only be raised to keyCompromise."""

    slug = "already_revoked"


class NotHeld(Conflict):
    """Only a pair on hold can be released."""

    slug = "not_held"


class AlreadyExpired(Conflict):
    """Every pair of this name has expired, so nothing is left to revoke."""

    slug = "already_expired"


class NothingFresh(Unavailable):
    """The newest CRL has passed its nextUpdate; a stale one is never served."""

    slug = "crl_stale"


class ClockWentBack(Unavailable):
    """The machine's clock stands before the last CRL, so no CRL can be made that comes after it."""

    slug = "clock_went_back"
