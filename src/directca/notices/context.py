"""What the verbs of notices work with."""

from collections.abc import Callable
from dataclasses import dataclass

from directca.clock import Clock
from directca.db.engine import Database
from directca.pki.profiles import Rules


@dataclass(frozen=True)
class Notices:
    """The database, the time, the rules of the policy, and where random octets come from."""

    database: Database
    clock: Clock
    rules: Rules
    random: Callable[[int], bytes]
