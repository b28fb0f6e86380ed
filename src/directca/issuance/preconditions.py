"""Step 3 of the issuing verbs: what must be true before anything is certified, each thing looked up afresh."""

from dataclasses import dataclass, replace

from directca.certificates import register
from directca.certificates.name_history import NameHistory
from directca.db.engine import Tx
from directca.direct.names import DirectName
from directca.direct.oids import OrganizationType
from directca.issuance.context import Issuance
from directca.issuance.errors import FactsChanged
from directca.issuance.model import Application
from directca.vetting.check import vet
from directca.vetting.model import Vetted, VettingQuestion


@dataclass(frozen=True)
class Vetting:
    """A question to the registration authority, and its answer."""

    question: VettingQuestion
    vetted: Vetted


def first_issue(
    tx: Tx, ca: Issuance, account_id: str, name: DirectName, organization_type: OrganizationType | None, history: NameHistory
) -> Vetting:
    """The vetted facts for a name that gets its first pair, or its first after another ended.

    Two clocks are looked at here and not on a succession, which never moves them: an organization's first certificate must
    follow the proofing soon, and a name that was revoked for a cause needs a proofing that is newer.
    """
    since = history.last_revocation() if ca.policy.rules.reproof_after_revocation else None
    question = VettingQuestion(account_id, name, organization_type=organization_type, reproof_since=since)
    found = _ask(tx, ca, question)
    if register.has_issued(tx, found.vetted.organization_id):
        return found
    return _ask(tx, ca, replace(question, first_issue=True))


def succession(tx: Tx, ca: Issuance, account_id: str, name: DirectName, organization_type: OrganizationType | None) -> Vetting:
    """The vetted facts for a name whose pair gets a successor."""
    return _ask(tx, ca, VettingQuestion(account_id, name, organization_type=organization_type))


def still_true(tx: Tx, ca: Issuance, before: Vetting) -> None:
    """Ask the same question again, in the transaction that reserves; refuse to go on when the answer is another."""
    if _ask(tx, ca, before.question) != before:
        raise FactsChanged("The vetted records changed while the request was under way; send it again.")


def _ask(tx: Tx, ca: Issuance, question: VettingQuestion) -> Vetting:
    ca.check_status(tx)
    vetted = vet(tx, question, ca.policy.rules, ca.clock.now())
    if vetted.name_value != question.name.value:  # invariant 1: what was validated is what was requested
        raise FactsChanged("The vetted facts are not those of the requested name; nothing was issued.")
    return Vetting(question, vetted)


def hinted_type(application: Application, predecessor_type: str | None) -> OrganizationType | None:
    """The organization type asked for, or the predecessor's."""
    if application.organization_type is not None or predecessor_type is None:
        return application.organization_type
    return OrganizationType(predecessor_type)
