"""What the API's handlers are given."""

from collections.abc import Callable
from dataclasses import dataclass

from directca.accounts.rates import Rates
from directca.api.work import Work
from directca.certificates.query import Counts
from directca.clock import Clock
from directca.db.engine import Database
from directca.issuance.context import Issuance
from directca.revocation.compromise import Desk
from directca.revocation.context import Revocation
from directca.vetting.context import Registration


@dataclass(frozen=True)
class Api:
    """The verbs' contexts, and what answers carry: `chains` is each authority's chain in PEM, `public_url` goes before
    paths."""

    database: Database
    clock: Clock
    issuance: Issuance
    revocation: Revocation
    registration: Registration
    counts: Counts
    chains: dict[str, str]
    public_url: str
    rates: Rates
    """How often applications, accounts and addresses may call."""
    work: Work
    """The pool of threads in which verbs run."""
    reports: Desk
    """Where compromised keys are reported."""
    succeeded: Callable[[str], None]
    """Counts a success, by verb, for the metrics."""
    own_key_reported: Callable[[str], None]
    """Counts a report of a key of the authority itself, by whose it is, for the metrics."""
