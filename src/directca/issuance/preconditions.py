"""Step 3 of the issuing verbs: what must be true before anything is certified, each thing looked up afresh."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from directca.certificates import register
from directca.certificates.name_history import NameHistory
from directca.db.engine import Tx
from directca.direct.names import DirectName
from directca.direct.oids import OrganizationType
from directca.issuance.context import Issuance
from directca.issuance.errors import FactsChanged
from directca.issuance.model import Application
from directca.vetting.check import last_change_asked, vet
from directca.vetting.known_facts import KnownFacts
from directca.vetting.model import Vetted, VettingQuestion

_HOLDS_FOR = timedelta(seconds=5)
"""So long an answer of vetting stands if no fact behind it changed: what runs out in between was good at the start."""


@dataclass(frozen=True)
class Vetting:
    """A question to the registration authority, and its answer; `change` is the number of the last change of facts before it."""

    question: VettingQuestion
    vetted: Vetted
    change: int
    asked_at: datetime


@dataclass(frozen=True)
class Asked:
    """What does not depend on the name, asked for with what is asked besides: how many changes of facts there were, and whether
    relying parties find what certificates name."""

    tx: Tx
    change: Callable[[], int]
    status: Callable[[], None]


def asked(tx: Tx, ca: Issuance) -> Asked:
    """Ask for what the functions below judge."""
    return Asked(tx, last_change_asked(tx), ca.status_asked(tx))


def first_issue(
    before: Asked,
    ca: Issuance,
    account_id: str,
    name: DirectName,
    organization_type: OrganizationType | None,
    history: NameHistory,
) -> Vetting:
    """The vetted facts for a name that gets its first pair, or its first after another ended.

    Two clocks are looked at here and not on a succession, which never moves them: an organization's first certificate must
    follow the proofing soon, and a name that was revoked for a cause needs a proofing that is newer.
    """
    since = history.last_revocation() if ca.policy.rules.reproof_after_revocation else None
    question = VettingQuestion(account_id, name, organization_type=organization_type, reproof_since=since)
    found = _vet(before, ca, question, ca.known_facts)
    organization_id = found.vetted.organization_id
    if organization_id in ca.have_certificates or register.has_issued(before.tx, organization_id):
        ca.have_certificates.add(organization_id)  # which stays true
        return found
    return _vet(before, ca, replace(question, first_issue=True), ca.known_facts)


def succession(
    before: Asked, ca: Issuance, account_id: str, name: DirectName, organization_type: OrganizationType | None
) -> Vetting:
    """The vetted facts for a name whose pair gets a successor."""
    return _vet(before, ca, VettingQuestion(account_id, name, organization_type=organization_type), ca.known_facts)


def still_true(now: Asked, ca: Issuance, before: Vetting) -> None:
    """In the transaction that reserves: the facts did not change, or the same question has the same answer. Else refuse."""
    now.status()
    if now.change() == before.change and before.asked_at <= ca.clock.now() < before.asked_at + _HOLDS_FOR:
        return
    if _vet(now, ca, before.question).vetted != before.vetted:
        raise FactsChanged("The vetted records changed while the request was under way; send it again.")


def _vet(asked: Asked, ca: Issuance, question: VettingQuestion, known: KnownFacts | None = None) -> Vetting:
    asked.status()
    change, now = asked.change(), ca.clock.now()
    vetted = vet(asked.tx, question, ca.policy.rules, now, None if known is None else known.at(change))
    if vetted.name_value != question.name.value:  # invariant 1: what was validated is what was requested
        raise FactsChanged("The vetted facts are not those of the requested name; nothing was issued.")
    return Vetting(question, vetted, change, now)


def hinted_type(application: Application, predecessor_type: str | None) -> OrganizationType | None:
    """The organization type asked for, or the predecessor's."""
    if application.organization_type is not None or predecessor_type is None:
        return application.organization_type
    return OrganizationType(predecessor_type)
