"""The end of a grant and of everything that came of it: its codes, access tokens and refresh tokens.

One row changes; every lookup of a code or token joins it, so the whole family is dead with the commit.
"""

from datetime import datetime
from enum import StrEnum

from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.oauth import store
from directca.oauth.model import Grant


class Because(StrEnum):
    """Why a family ended."""

    CODE_REPLAYED = "code_replayed"
    REFRESH_TOKEN_REPLAYED = "refresh_token_replayed"  # noqa: S105 — a reason, not a secret
    REVOKED_BY_CLIENT = "revoked_by_client"
    WITHDRAWN = "withdrawn"


_KINDS = {
    Because.CODE_REPLAYED: "authorization_code.replayed",
    Because.REFRESH_TOKEN_REPLAYED: "refresh_token.replayed",
    Because.REVOKED_BY_CLIENT: "grant.revoked",
    Because.WITHDRAWN: "grant.withdrawn",
}


def end(tx: Tx, grant: Grant, *, because: Because, actor: str, at: datetime) -> bool:
    """Revoke the family and journal why, once. False if it had ended before."""
    if not store.revoke_grant(tx, grant.id, because=because.value, at=at):
        return False
    detail: dict[str, Fact] = {"client_id": grant.client_id, "person_id": grant.person_id, "family_revoked": True}
    append(tx, Event(_KINDS[because], actor, grant.subject, account_id=grant.account_id, detail=detail), at=at)
    return True
