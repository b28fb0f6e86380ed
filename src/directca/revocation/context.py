"""What every verb of revocation is given."""

from collections.abc import Mapping
from dataclasses import dataclass

from directca.clock import Clock
from directca.db.engine import Database
from directca.pki.profiles import Policy
from directca.signing.authority import Authority


@dataclass(frozen=True)
class Revocation:
    """The database, the time, the policy, and every authority whose key is here, by its id: each signs its own CRL.

    `relying_party_url` is what certificates name; the lists of partitions say it too.
    """

    database: Database
    clock: Clock
    policy: Policy
    authorities: Mapping[str, Authority]
    relying_party_url: str = "http://127.0.0.1:8600"
    step_up_seconds: int = 600
    """How fresh the second factor must be of an officer who revokes what is not their own."""
