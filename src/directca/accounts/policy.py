"""Decisions about people: which roles go together, and how fresh a second factor must be."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from directca.accounts.person import SEPARATE, Role, Session
from directca.accounts.role_errors import RoleNotGranted, RolesExclude, StepUpFirst

ROLE_WORDS = {
    Role.ADMINISTRATOR: "administrator",
    Role.OFFICER: "officer",
    Role.AUDITOR: "auditor",
    Role.RA_OFFICER: "RA officer",
    Role.TRUSTED_AGENT: "trusted agent",
    Role.OPERATOR: "operator",
    Role.REPRESENTATIVE: "organization representative",
    Role.ACCOUNT_ADMINISTRATOR: "account administrator",
    Role.TUSER: "TUser",
}
"""What people call the roles."""

_WITH_A = frozenset({Role.TRUSTED_AGENT, Role.TUSER})
"""Before the others one says *an*."""


def listed(words: Sequence[str], last: str) -> str:
    """`an officer, an auditor or an operator`: as a person writes a list, `last` being the word before the last of it."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def in_words(roles: Iterable[Role]) -> list[str]:
    """`an officer`, `an RA officer`: the roles, in the order in which they are always named."""
    wanted = frozenset(roles)
    return [f"{'a' if role in _WITH_A else 'an'} {words}" for role, words in ROLE_WORDS.items() if role in wanted]


def check_together(roles: frozenset[Role]) -> None:
    """Raise `RolesExclude` if one person cannot hold these roles at the same time, `RoleNotGranted` if one is everybody's."""
    if Role.TUSER in roles:
        raise RoleNotGranted("Everybody of an account is a TUser; it is neither granted nor withdrawn.", field="role")
    separate = in_words(SEPARATE.intersection(roles))
    if len(separate) > 1:
        raise RolesExclude(
            f"One person cannot be {listed(separate, 'and')}: those check one another. "
            "Withdraw the one role first, or choose another person.",
            field="role",
        )


def stepped_up_within(session: Session, now: datetime, seconds: int) -> None:
    """Raise `StepUpFirst` unless the second factor was shown in this session within so many seconds.

    For somebody who has none and needs none, and for staff that is about to add the first, the password stands in its place.
    """
    shown = session.second_factor_at
    if shown is None and not session.has_factor:
        shown = session.began_at
    shown_within(shown, now, seconds)


def shown_within(shown: datetime | None, now: datetime, seconds: int) -> None:
    """Raise `StepUpFirst` unless what was shown at this moment is still fresh."""
    if shown is None or now - shown > timedelta(seconds=seconds):
        raise StepUpFirst("Show your second factor once more: this needs it anew.", within=seconds)
