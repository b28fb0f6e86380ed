"""Reconcile: what a crash left between intent and record is settled, so that nothing the CA key may have signed stays unknown."""

from datetime import timedelta

from directca.certificates import register
from directca.certificates.model import Record
from directca.issuance import pair
from directca.issuance.context import Issuance


def reconcile(ca: Issuance, *, actor: str, older_than: timedelta | None = None) -> tuple[Record, ...]:
    """Settle every intent that is older than `older_than` (default: the configured age): revoked, its money given back.

    It is safe beside running requests: a request whose intent was settled fails, and what it signed is already revoked. The
    caller publishes a CRL when anything was settled.
    """
    age = ca.config.abandoned_after if older_than is None else older_than
    settled = []
    while True:
        with ca.database.read() as tx:
            found = register.unfinished(tx, before=ca.clock.now() - age)
        done = [one for one in (pair.settle(ca, intent, actor=actor) for intent in found) if one is not None]
        settled.extend(done)
        if not done:
            return tuple(settled)
