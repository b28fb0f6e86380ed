"""How the authorization server is set up."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from directca.oauth.errors import UnsafeConfiguration

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
LONGEST_CODE_SECONDS = 600


@dataclass(frozen=True)
class OAuthConfig:
    """The issuer and the lifetimes, in seconds.

    Raises `UnsafeConfiguration` for an issuer that is not https (RFC 8414 2; plain http is for loopback only), that has a path,
    query or fragment, and for lifetimes that break a rule: a code lives ten minutes at most (RFC 6749 4.1.2).
    """

    issuer: str
    code_seconds: int = 60
    access_seconds: int = 3600
    refresh_seconds: int = 90 * 86_400
    """A refresh token that nobody uses expires (RFC 9700 4.14.2); each use begins a new period."""
    grace_seconds: int = 10
    """For how long a consumed refresh token is answered again, because the answer may have been lost."""

    step_up_seconds: int = 600
    """How fresh the second factor of an officer must be who lets an application act as an officer's."""

    @property
    def on_loopback(self) -> bool:
        """Is this a server for one machine? Only there is its address plain http."""
        return self.issuer.startswith("http://")

    def __post_init__(self) -> None:
        """Refuse to exist unless every rule holds."""
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS):
            raise UnsafeConfiguration(
                f"The public address {self.issuer} must begin with https:// (http:// is for loopback only)."
            )
        if self.issuer != f"{parts.scheme}://{parts.netloc}" or not parts.hostname or "@" in parts.netloc:
            raise UnsafeConfiguration(
                f"The public address {self.issuer} must be scheme, host and port only, without a final slash."
            )
        if not 1 <= self.code_seconds <= LONGEST_CODE_SECONDS:
            raise UnsafeConfiguration(f"The lifetime of an authorization code must be 1 to {LONGEST_CODE_SECONDS} seconds.")
        if not 1 <= self.access_seconds <= 86_400 or self.refresh_seconds <= self.access_seconds:
            raise UnsafeConfiguration("An access token must live at most a day, and a refresh token longer than an access token.")
        if not 0 <= self.grace_seconds <= 60:
            raise UnsafeConfiguration("The grace of a consumed refresh token must be 0 to 60 seconds.")
