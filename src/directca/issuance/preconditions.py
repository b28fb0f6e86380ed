"""Step 3 of the issuing verbs: what must be true before anything is certified, each thing looked up afresh."""

from dataclasses import replace

from directca.certificates import register
from directca.db.engine import Tx
from directca.direct.names import DirectName
from directca.direct.oids import OrganizationType
from directca.issuance.context import Issuance
from directca.issuance.errors import FactsChanged
from directca.issuance.model import Application
from directca.vetting.check import vet
from directca.vetting.model import Vetted, VettingQuestion


def vetted_for(
    tx: Tx, ca: Issuance, account_id: str, name: DirectName, organization_type: OrganizationType | None, *, succeeds: bool
) -> Vetted:
    """The vetted facts for exactly this name (invariant 1). Raises the refusals of `vetting/errors.py`.

    Two clocks are looked at on an issue and not on a succession, which never moves them: an organization's first certificate
    must follow the proofing soon, and a name that was revoked for a cause needs a proofing that is newer.
    """
    reproof = not succeeds and ca.policy.rules.reproof_after_revocation
    question = VettingQuestion(
        account_id=account_id,
        name=name,
        organization_type=organization_type,
        first_issue=False,
        reproof_since=register.last_revocation(tx, name.value) if reproof else None,
    )
    vetted = vet(tx, question, ca.policy.rules, ca.clock.now())
    if not succeeds and not register.has_issued(tx, vetted.organization_id):
        vetted = vet(tx, replace(question, first_issue=True), ca.policy.rules, ca.clock.now())
    if vetted.name_value != name.value:
        raise FactsChanged("The vetted facts are not those of the requested name; nothing was issued.")
    return vetted


def still(before: Vetted, now: Vetted) -> None:
    """Refuse to go on when the vetted facts changed between decision and reservation."""
    if before != now:
        raise FactsChanged("The vetted records changed while the request was under way; send it again.")


def hinted_type(application: Application, predecessor_type: str | None) -> OrganizationType | None:
    """The organization type asked for, or the predecessor's."""
    if application.organization_type is not None or predecessor_type is None:
        return application.organization_type
    return OrganizationType(predecessor_type)
