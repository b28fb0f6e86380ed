"""Renew: a new pair with a new expiry date under the same name. It is paid; the old pair stays valid until it expires."""

from directca.certificates.model import Pair
from directca.direct.names import DirectName
from directca.issuance.context import Issuance
from directca.issuance.model import Application, Rehearsal, Verb
from directca.issuance.succession import succeed
from directca.oauth.model import Principal


def renew(
    ca: Issuance, principal: Principal, name: DirectName, application: Application, *, dry_run: bool = False
) -> Pair | Rehearsal:
    """Renew the pair that `name` stands for. Without certification requests the same keys are certified again.

    The steps are those of `succession.py`. Raises NotRenewable for a pair that is revoked, held or expired, UnknownCertificate
    for a name that is not the account's.
    """
    return succeed(ca, principal, Verb.RENEW, name, application, dry_run=dry_run)
