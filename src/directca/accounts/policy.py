"""Decisions about people: which roles go together, and how fresh a second factor must be."""

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


def check_together(roles: frozenset[Role]) -> None:
    """Raise `RolesExclude` if one person cannot hold these roles at the same time, `RoleNotGranted` if one is everybody's."""
    if Role.TUSER in roles:
        raise RoleNotGranted("Everybody of an account is a TUser; it is neither granted nor withdrawn.", field="role")
    separate = sorted(SEPARATE.intersection(roles))
    if len(separate) > 1:
        raise RolesExclude(
            f"One person cannot be {' and '.join(ROLE_WORDS[role] for role in separate)}: those check one another. "
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
