"""Whether a bearer's token covers an action: what every verb asks first (RFC 6750 3.1, insufficient_scope)."""

from directca.errors import Rejected
from directca.oauth import scopes
from directca.oauth.model import Principal


class InsufficientScope(Rejected):
    """The access token's scope does not cover this action."""

    slug = "insufficient_scope"

    def __init__(self, needed: str) -> None:
        super().__init__(f"The access token carries neither the scope {needed} nor {scopes.TUSER_ACCOUNT}.")
        self.needed = needed


def require(principal: Principal, needed: str) -> None:
    """Raise InsufficientScope unless the token covers the action."""
    if not scopes.allows(principal.scopes, needed):
        raise InsufficientScope(needed)
