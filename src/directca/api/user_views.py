"""Users and invitations as JSON: what the functions answer and the operator's commands print."""

from typing import Any

from directca.accounts.joining_model import Invitation
from directca.accounts.person import Person
from directca.clock import rfc3339


def user(of: Person, email: str | None) -> dict[str, Any]:
    """Somebody of the account."""
    return {
        "id": of.id,
        "username": of.username,
        "display_name": of.display_name,
        "email": email,
        "status": of.status.value,
        "roles": sorted(of.roles),
    }


def invitation(of: Invitation) -> dict[str, Any]:
    """An invitation."""
    return {
        "id": of.id,
        "email": of.email,
        "administrator": of.administrator,
        "state": of.state.value,
        "invited_ts": rfc3339(of.invited_at),
        "expires_ts": rfc3339(of.expires_at),
        "settled_ts": None if of.settled_at is None else rfc3339(of.settled_at),
    }
