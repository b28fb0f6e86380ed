"""What every verb about applications is given."""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes

from directca.accounts.people import People
from directca.clock import Clock
from directca.db.engine import Database
from directca.pki.profiles import Rules
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.evidence import Recording, Seal, Unseal, opens_nothing


@dataclass(frozen=True)
class Registration:
    """The database, the time, the policy's rules, how many decide, who the people are, and what seals numbers
    and opens them."""

    database: Database
    clock: Clock
    rules: Rules
    config: ApprovalConfig
    people: People
    seal: Seal
    unseal: Unseal = opens_nothing
    random: Callable[[int], bytes] = token_bytes

    def identifier(self) -> str:
        """A new identifier, which nobody guesses."""
        return self.random(12).hex()

    def recording(self, actor: str) -> Recording:
        """Who writes evidence down now."""
        return Recording(actor, self.clock.now(), self.rules, self.random, self.seal)
