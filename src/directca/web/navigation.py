"""The console's sections: one table, and who sees what of it.

A page joins the console by a line here and one in the table of its routes. A section stands here once it has a page, not before.
What a line hides is for order alone: whoever opens the address is judged by the verb.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from directca.accounts import permissions
from directca.accounts.person import Role, Session
from directca.web.next_page import CONSOLE, PEOPLE, SECURITY

EVERYBODY: frozenset[Role] = frozenset()


@dataclass(frozen=True)
class Section:
    """One entry of the navigation: its words, where it leads, the roles that see it. `pages` are those that it is divided into,
    by their words; the first is where it leads. `below` are where further pages of it are."""

    label: str
    path: str
    roles: frozenset[Role] = EVERYBODY
    pages: tuple[tuple[str, str], ...] = ()
    below: tuple[str, ...] = ()

    def is_for(self, held: Iterable[Role]) -> bool:
        """Whether somebody with these roles sees it."""
        return self.roles == EVERYBODY or not self.roles.isdisjoint(held)

    @property
    def paths(self) -> tuple[str, ...]:
        """Below which its pages are."""
        return (self.path, *(path for _, path in self.pages), *self.below)


ACCOUNT = (
    Section("Overview", CONSOLE),
    Section("Certificates", f"{CONSOLE}/certificates"),
    Section("Domains", f"{CONSOLE}/domains"),
    Section("Addresses", f"{CONSOLE}/addresses"),
    Section("Organizations", f"{CONSOLE}/organizations"),
    Section(
        "Billing",
        f"{CONSOLE}/billing",
        pages=(
            ("Balance", f"{CONSOLE}/billing"),
            ("Orders", f"{CONSOLE}/billing/orders"),
            ("Invoices", f"{CONSOLE}/billing/invoices"),
            ("Statement", f"{CONSOLE}/billing/statement"),
        ),
    ),
    Section("Users", f"{CONSOLE}/users"),
    Section("API applications", f"{CONSOLE}/api-applications"),
    Section("Applications", "/account/applications"),
    Section(
        "Notices", f"{CONSOLE}/webhooks", pages=(("Webhooks", f"{CONSOLE}/webhooks"), ("Letters to you", f"{CONSOLE}/letters"))
    ),
    Section("Security", SECURITY, pages=(("Second factors", SECURITY), ("Browsers", "/account/sessions"))),
)
"""What people do for their own account, in the order of the page."""

_READERS = permissions.SEE_EVERY_CASE.other

AUTHORITY = (
    Section("Queue", f"{CONSOLE}/queue", _READERS, below=(f"{CONSOLE}/cases",)),
    Section("All organizations", f"{CONSOLE}/authority/organizations", _READERS),
    Section(
        "Revocations",
        f"{CONSOLE}/revocations",
        permissions.SEE_REVOCATIONS.other,
        pages=(
            ("Orders", f"{CONSOLE}/revocations"),
            ("Second officer", f"{CONSOLE}/proposals"),
            ("Reported keys", f"{CONSOLE}/reports"),
        ),
    ),
    Section(
        "Journal",
        f"{CONSOLE}/journal",
        permissions.SEE_JOURNAL.other,
        pages=(("Rows", f"{CONSOLE}/journal"), ("Verification", f"{CONSOLE}/journal/verification")),
    ),
    Section("Payments", f"{CONSOLE}/payments", permissions.SEE_PAYMENTS.other),
    Section("People", PEOPLE, permissions.LIST_STAFF.other),
    Section(
        "State and policy",
        f"{CONSOLE}/state",
        permissions.SEE_STATE.other,
        pages=tuple((label, f"{CONSOLE}/{label.lower()}") for label in ("State", "Policy", "Prices", "Settings")),
    ),
)
"""What staff of the authority do for every account."""


@dataclass(frozen=True)
class Link:
    """A line as it is shown. `current` is `page` on the page that it leads to, `true` on one below it, else empty."""

    label: str
    path: str
    current: str = ""


@dataclass(frozen=True)
class Navigation:
    """What somebody sees beside a page: the sections by group, and the pages of the section that the page belongs to."""

    groups: tuple[tuple[str, tuple[Link, ...]], ...]
    pages: tuple[Link, ...]


def navigation(session: Session, here: str) -> Navigation:
    """The sections for a person, seen from a path of ours."""
    held = session.person.roles
    shown = ((session.account_name, _for(ACCOUNT, held)), ("Certificate authority", _for(AUTHORITY, held)))
    sections = [one for _, group in shown for one in group]
    chosen = max(sections, key=lambda one: _depth(one.paths, here), default=None)
    groups = tuple(
        (name, tuple(_link(one.label, one.path, here, is_chosen=one is chosen) for one in group))
        for name, group in shown
        if group
    )
    if chosen is None or not _depth(chosen.paths, here):
        return Navigation(groups, ())
    inner = max((path for _, path in chosen.pages), key=lambda path: _depth((path,), here), default="")
    return Navigation(groups, tuple(_link(label, path, here, is_chosen=path == inner) for label, path in chosen.pages))


def _for(sections: Iterable[Section], held: Iterable[Role]) -> tuple[Section, ...]:
    return tuple(one for one in sections if one.is_for(held))


def _link(label: str, path: str, here: str, *, is_chosen: bool) -> Link:
    if here == path:
        return Link(label, path, "page")
    return Link(label, path, "true" if is_chosen and path != CONSOLE else "")


def _depth(paths: Iterable[str], here: str) -> int:
    """How much of an address is explained by one of the paths. The console's own path is that of its first page alone."""
    return max((len(path) for path in paths if here == path or (path != CONSOLE and here.startswith(f"{path}/"))), default=0)
