"""Lists for those who work for the registration authority: cases and organizations of every account, page by page."""

from dataclasses import dataclass
from datetime import timedelta

from directca.accounts import accounts, permissions
from directca.db.engine import Tx
from directca.vetting import actors, case_store, organizations, store
from directca.vetting.case_file import any_case
from directca.vetting.case_model import Actor, CaseFilter, Place, VettingCase
from directca.vetting.case_policy import WAITING
from directca.vetting.context import Registration
from directca.vetting.model import Organization, OrganizationStatus

MOST = 50
"""As many stand on a page."""


@dataclass(frozen=True)
class ListedCase:
    """A case as a line of a list."""

    case: VettingCase
    legal_name: str
    account_name: str


@dataclass(frozen=True)
class CaseList:
    """A page of cases: how many there are in all, these, and where the next page begins, if there is one."""

    total: int
    cases: tuple[ListedCase, ...]
    after: Place | None


@dataclass(frozen=True)
class OrganizationList:
    """A page of organizations, each with the name of its account; the name and identifier behind which the next begins."""

    total: int
    organizations: tuple[tuple[Organization, str], ...]
    after: tuple[str, str] | None


def cases(desk: Registration, actor: Actor, wanted: CaseFilter, after: Place | None = None) -> CaseList:
    """The cases that are looked for: those that wait for the authority with the longest first, others with the newest.

    Raises DecidersOnly.
    """
    waiting = bool(wanted.states) and set(wanted.states) <= WAITING
    look = case_store.longest_waiting if waiting else case_store.chosen
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_EVERY_CASE)
        found = look(tx, wanted, after, MOST + 1)
        shown = tuple(ListedCase(case, name, _account(tx, case.account_id)) for case, name in found[:MOST])
        total = case_store.count(tx, wanted)
    return CaseList(total, shown, _place(shown[-1].case, waiting=waiting) if len(found) > MOST else None)


def organizations_chosen(
    desk: Registration,
    actor: Actor,
    status: OrganizationStatus | None = None,
    name: str = "",
    after: tuple[str, str] | None = None,
) -> OrganizationList:
    """The organizations of every account of a status whose name holds a text. Raises DecidersOnly."""
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_EVERY_CASE)
        found = store.chosen(tx, status, name, after, MOST + 1)
        shown = tuple((one, _account(tx, one.account_id)) for one in found[:MOST])
        total = store.count(tx, status, name)
    last = shown[-1][0] if len(found) > MOST else None
    return OrganizationList(total, shown, None if last is None else (last.facts.legal_name, last.id))


def due_for_review(desk: Registration, actor: Actor) -> tuple[Organization, ...]:
    """The organizations whose review is due, the most urgent first, as many as stand on a page. Raises DecidersOnly."""
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_EVERY_CASE)
        return organizations.due_for_review(tx, desk.clock.now() + timedelta(days=desk.config.review_notice_days))[:MOST]


def earlier_cases(desk: Registration, actor: Actor, case_id: str) -> tuple[VettingCase, ...]:
    """The other cases about the same organization, newest first. Raises DecidersOnly, NoSuchCase."""
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_EVERY_CASE)
        case = any_case(tx, case_id)
        found = case_store.of_organization(tx, case.organization_id, MOST)
    return tuple(one for one in found if one.id != case.id)


def _place(case: VettingCase, *, waiting: bool) -> Place:
    at = case.submitted_at if waiting else case.opened_at
    assert at is not None  # a case that waits was submitted
    return Place(at, case.id)


def _account(tx: Tx, account_id: str) -> str:
    return accounts.find(tx, account_id).name
