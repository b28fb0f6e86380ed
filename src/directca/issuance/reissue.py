"""Reissue: a new pair with the same expiry date under the same name. It is free; the old pair is revoked after an overlap."""

from directca.certificates.model import Pair
from directca.direct.names import DirectName
from directca.issuance.context import Issuance
from directca.issuance.model import Application, Rehearsal, Verb
from directca.issuance.succession import succeed
from directca.oauth.model import Principal


def reissue(
    ca: Issuance, principal: Principal, name: DirectName, application: Application, *, dry_run: bool = False
) -> Pair | Rehearsal:
    """Reissue the pair that `name` stands for, with new keys where requests are sent, else with the same keys.

    The expiry date stays, since otherwise a free reissue would be a free renewal. The old pair is revoked as superseded once the
    overlap of the policy has passed, or at once when the application says so. The steps are those of `succession.py`.
    """
    return succeed(ca, principal, Verb.REISSUE, name, application, dry_run=dry_run)
