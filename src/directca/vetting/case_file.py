"""The file of a case: whose it is, everybody involved, and its next line, with its row in the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from directca.db.engine import Tx
from directca.db.schema import findable
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.vetting import case_store, organization_person_store, store
from directca.vetting.case_errors import CaseChanged, NoSuchCase, NoSuchOrganizationPerson
from directca.vetting.case_model import Actor, Entry, OrganizationPerson, Side, Step, VettingCase
from directca.vetting.case_policy import Involved
from directca.vetting.context import Registration
from directca.vetting.errors import NoSuchOrganization
from directca.vetting.model import Organization

_PAST = {
    Step.OPEN: "opened",
    Step.EDIT: "edited",
    Step.PROOF: "proofed",
    Step.SUBMIT: "submitted",
    Step.NOTE: "noted",
    Step.SEND_BACK: "sent_back",
    Step.APPROVE: "approved",
    Step.REJECT: "rejected",
    Step.REVISE: "revised",
    Step.APPEAL: "appealed",
    Step.WITHDRAW: "withdrawn",
}
_DECISIONS = frozenset({Step.SEND_BACK, Step.APPROVE, Step.REJECT})


@dataclass(frozen=True)
class Taken:
    """A step as somebody takes it: its text, and what else the journal is told."""

    step: Step
    actor: Actor
    side: Side = Side.APPLICANT
    text: str = ""
    detail: Mapping[str, Fact] = field(default_factory=dict)


def any_case(tx: Tx, case_id: str, revision: int | None = None) -> VettingCase:
    """A case, whoever's it is: for those who may see all. Raises NoSuchCase, CaseChanged."""
    found = case_store.find(tx, findable(case_id))
    if found is None:
        raise _no_case()
    return _unchanged(found, revision)


def own_case(tx: Tx, actor: Actor, case_id: str, revision: int | None = None) -> VettingCase:
    """A case of the actor's account. Raises NoSuchCase for any other, as for one that does not exist; CaseChanged."""
    found = case_store.find(tx, findable(case_id))
    if found is None or actor.account_id is None or found.account_id != actor.account_id:
        raise _no_case()
    return _unchanged(found, revision)


def own_organization(tx: Tx, actor: Actor, organization_id: str) -> Organization:
    """An organization of the actor's account. Raises NoSuchOrganization for any other."""
    found = store.find_organization(tx, findable(organization_id))
    if found is None or actor.account_id is None or found.account_id != actor.account_id:
        raise NoSuchOrganization("There is no such organization, or none of yours.")
    return found


def any_person(tx: Tx, person_id: str, account_id: str | None) -> OrganizationPerson:
    """Somebody of an organization: of this account, or (None) of any. Raises NoSuchOrganizationPerson."""
    found = organization_person_store.find(tx, findable(person_id))
    if found is None or account_id not in (None, found.account_id):
        raise NoSuchOrganizationPerson("There is no such person, or none of yours.")
    return found


def involved(tx: Tx, case: VettingCase, account_names: tuple[str, ...] = ()) -> Involved:
    """The case with its history and the people of its organization."""
    people = organization_person_store.of_organization(tx, case.organization_id)
    return Involved(case, case_store.entries(tx, case.id), people, account_names)


def take(
    tx: Tx,
    desk: Registration,
    before: VettingCase,
    now: VettingCase,
    taken: Taken,
) -> VettingCase:
    """Take a step: the case becomes `now` if it still is `before`, its history gets the line and the journal its row.

    A decision's reason is in the journal; what is written to and fro stays in the case. Raises CaseChanged.
    """
    step = taken.step
    if step is not Step.NOTE and not (step is Step.APPROVE and before.state is now.state):
        now = replace(now, revision=before.revision + 1)
        if not case_store.replace(tx, before, now):
            raise CaseChanged("Somebody else changed the case at this moment. Look at it again.")
    at = desk.clock.now()
    entry = Entry(step, taken.side, taken.actor.id, taken.actor.names, taken.text, now.round, at)
    number = case_store.add_entry(tx, before.id, entry)
    facts: dict[str, Fact] = {"number": number, "state": now.state, "side": taken.side, **taken.detail}
    if step in _DECISIONS:
        facts["reason"] = taken.text
    event = Event(f"case.{_PAST[step]}", taken.actor.journalled, f"case:{before.id}", account_id=before.account_id, detail=facts)
    append(tx, event, at=at)
    return now


def _unchanged(found: VettingCase, revision: int | None) -> VettingCase:
    if revision is not None and revision != found.revision:
        raise CaseChanged(f"The case has changed: it is at revision {found.revision}, not {revision}. Look at it again.")
    return found


def _no_case() -> NoSuchCase:
    return NoSuchCase("There is no such case, or none of yours.")
