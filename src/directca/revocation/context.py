"""What every verb of revocation is given."""

from collections.abc import Mapping
from dataclasses import dataclass

from directca.clock import Clock
from directca.db.engine import Database
from directca.pki.profiles import Policy
from directca.signing.authority import Authority


@dataclass(frozen=True)
class Revocation:
    """The database, the time, the policy, and every authority whose key is here, by its id: each signs its own CRL."""

    database: Database
    clock: Clock
    policy: Policy
    authorities: Mapping[str, Authority]
