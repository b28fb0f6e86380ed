"""What the register refuses."""

from directca.errors import Conflict, Malformed, NotFound, Rejected, Unavailable


class UnknownCertificate(NotFound):
    """No record stands under this name in the caller's account."""

    slug = "certificate_not_found"


class IdentifierInUse(Conflict):
    """The caller's account already holds a valid pair under this name: renew or reissue it."""

    slug = "identifier_in_use"


class IdentifierHeldElsewhere(Rejected):
    """Another account holds a valid pair under this name."""

    slug = "identifier_held"


class AlreadySucceeded(Conflict):
    """A successor of this pair exists or is being made at this moment."""

    slug = "already_succeeded"


class StateChanged(Conflict):
    """The record changed while the request was under way; look at it again and repeat what is still wanted."""

    slug = "state_changed"


class KeyInUse(Malformed):
    """A key of the request is certified already, for another name or another use."""

    slug = "key_in_use"


class CompromisedKey(Malformed):
    """A key of the request belongs to a pair that was revoked because its key was compromised."""

    slug = "compromised_key"


class AuthorityRevoked(Unavailable):
    """The certificate of the issuing authority itself was revoked. It issues nothing any more; ask its operator where to turn."""

    slug = "authority_revoked"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, retry_after=86_400)
