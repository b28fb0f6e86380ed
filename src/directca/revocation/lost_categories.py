"""A modification that takes a category away: the pairs that assert it are revoked at once, as privilegeWithdrawn (policy: where
privileges shrink the old pair is revoked).

Whoever approves the modification asks for it here. What a crash left, or what was just being issued, upkeep finds by the cases
that were approved not long ago.
"""

from datetime import timedelta

from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.db.engine import Tx
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk
from directca.revocation.bulk_model import Job, Wanted
from directca.revocation.context import Revocation
from directca.revocation.model import the_authority
from directca.vetting import deciding, organizations

_LOOKS_BACK = timedelta(days=1)


def revoke_lost(ca: Revocation, organization_id: str, *, actor: str) -> Job | None:
    """Order the revocation of the pairs with a category that the organization is not vetted for any more; `bulk.work` does it.
    None where there are none. Raises NoSuchOrganization."""
    with ca.database.read() as tx:
        account_id = organizations.find(tx, organization_id).account_id
        serials = _lost(tx, ca, organization_id)
    if not serials:
        return None
    wanted = Wanted(Selection(serials=serials), RevocationReason.PRIVILEGE_WITHDRAWN, explanation="category taken away")
    return bulk.order(ca, the_authority(actor, account_id), wanted)[0]


def go_on(ca: Revocation, *, actor: str) -> tuple[Job, ...]:
    """Order what is left of organizations that were modified not long ago."""
    with ca.database.read() as tx:
        modified = deciding.modified_since(tx, ca.clock.now() - _LOOKS_BACK)
    ordered = [revoke_lost(ca, one, actor=actor) for one in modified]
    return tuple(one for one in ordered if one is not None)


def _lost(tx: Tx, ca: Revocation, organization_id: str) -> tuple[str, ...]:
    now = ca.clock.now()
    kept = {str(one) for one in organizations.find(tx, organization_id).facts.organization_types}
    found = register.of_organization(tx, organization_id)
    return tuple(one.signing_serial for one in found if one.valid_at(now) and one.organization_type not in kept)
