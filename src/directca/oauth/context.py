"""What every verb of the authorization server is given."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes

from directca.clock import Clock
from directca.db.engine import Database
from directca.oauth.config import OAuthConfig


@dataclass(frozen=True)
class OAuth:
    """The database, the time, the configuration, and a source of unpredictable bytes."""

    database: Database
    clock: Clock
    config: OAuthConfig
    random: Callable[[int], bytes] = token_bytes
