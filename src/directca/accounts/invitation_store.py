"""The tables of invitations and of sign-ups. Links and codes are found by, or compared with, the SHA-256 of a secret."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, delete, func, insert, select, update

from directca.accounts.joining_model import Invitation, InvitationState
from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, findable, metadata

invitation = Table(
    "invitation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("email", String(254), nullable=False),
    Column("administrator", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("invited_by", String, nullable=False),
    Column("invited_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    # None where the address belongs to somebody already: no link leads to such an invitation.
    Column("token_sha256", String(64), unique=True),
    Index(None, "account_id", "invited_at"),
)

sign_up = Table(
    "sign_up",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("email", String(254), nullable=False),
    # None where the address belongs to somebody already: no code is right.
    Column("code_sha256", String(64)),
    Column("tries", Integer, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Index(None, "email", "begun_at"),
)
_FIELDS = tuple(one.name for one in fields(Invitation))


@dataclass(frozen=True)
class SignUp:
    """An address that somebody says is theirs."""

    email: str
    code_sha256: str | None
    tries: int
    expires_at: datetime


def add(tx: Tx, new: Invitation, token_sha256: str | None) -> None:
    """Store an invitation."""
    values = {name: getattr(new, name) for name in _FIELDS} | {"token_sha256": token_sha256}
    tx.execute(insert(invitation), values)


def of_account(tx: Tx, account_id: str, limit: int) -> tuple[Invitation, ...]:
    """The account's, newest first."""
    rows = tx.execute(
        select(invitation)
        .where(invitation.c.account_id == account_id)
        .order_by(invitation.c.invited_at.desc(), invitation.c.id)
        .limit(limit)
    )
    return tuple(_invitation(row) for row in rows)


def by_id(tx: Tx, account_id: str, invitation_id: str) -> Invitation | None:
    """The account's with this id."""
    return _one(tx, invitation.c.account_id == account_id, invitation.c.id == findable(invitation_id))


def by_token(tx: Tx, token_sha256: str) -> Invitation | None:
    """The one to which this link leads."""
    return _one(tx, invitation.c.token_sha256 == token_sha256)


def replace_open(tx: Tx, account_id: str, email: str, at: datetime) -> None:
    """Those of the account for this address that wait still are good no more."""
    waiting = (
        invitation.c.account_id == account_id,
        invitation.c.email == email,
        invitation.c.state == InvitationState.WAITING.value,
    )
    tx.execute(update(invitation).where(*waiting).values(state=InvitationState.REPLACED.value, settled_at=at))


def settle(tx: Tx, of: Invitation, state: InvitationState, at: datetime) -> bool:
    """It waits no longer; False if it did not."""
    waiting = (invitation.c.id == of.id, invitation.c.state == InvitationState.WAITING.value)
    return tx.execute(update(invitation).where(*waiting).values(state=state.value, settled_at=at)).rowcount == 1


def count_since(tx: Tx, account_id: str, since: datetime) -> int:
    """How many the account has made since a moment."""
    made = (invitation.c.account_id == account_id, invitation.c.invited_at > since)
    return int(tx.execute(select(func.count()).where(*made)).scalar_one())


def letters_since(tx: Tx, account_id: str, email: str, since: datetime) -> int:
    """How many of the account's invitations went to an address since a moment."""
    invited = (invitation.c.account_id == account_id, invitation.c.email == email, invitation.c.invited_at > since)
    return int(tx.execute(select(func.count()).where(*invited)).scalar_one())


def codes_since(tx: Tx, email: str, since: datetime) -> int:
    """How many sign-ups began with an address since a moment."""
    begun = (sign_up.c.email == email, sign_up.c.begun_at > since)
    return int(tx.execute(select(func.count()).where(*begun)).scalar_one())


def address_of(tx: Tx, sign_up_id: str) -> str:
    """The address of a sign-up, empty if there is none."""
    found = tx.execute(select(sign_up.c.email).where(sign_up.c.id == findable(sign_up_id))).scalar_one_or_none()
    return found or ""


def begin(tx: Tx, sign_up_id: str, new: SignUp, at: datetime) -> None:
    """Store a sign-up."""
    values = {"id": sign_up_id, "email": new.email, "code_sha256": new.code_sha256, "tries": new.tries}
    tx.execute(insert(sign_up), values | {"begun_at": at, "expires_at": new.expires_at})


def forget_before(tx: Tx, moment: datetime) -> None:
    """Forget the sign-ups that ended before a moment."""
    tx.execute(delete(sign_up).where(sign_up.c.expires_at < moment))


def tried(tx: Tx, sign_up_id: str) -> SignUp | None:
    """Count one more try, and answer how it stands then."""
    same = sign_up.c.id == findable(sign_up_id)
    if tx.execute(update(sign_up).where(same).values(tries=sign_up.c.tries + 1)).rowcount != 1:
        return None
    row = tx.execute(select(sign_up).where(same)).one()
    return SignUp(row.email, row.code_sha256, row.tries, row.expires_at)


def done(tx: Tx, sign_up_id: str) -> None:
    """It came to an end: nothing is left of it."""
    tx.execute(delete(sign_up).where(sign_up.c.id == findable(sign_up_id)))


def _one(tx: Tx, *wanted: Any) -> Invitation | None:
    row = tx.execute(select(invitation).where(*wanted)).one_or_none()
    return None if row is None else _invitation(row)


def _invitation(row: Any) -> Invitation:
    return Invitation(**{name: getattr(row, name) for name in _FIELDS} | {"state": InvitationState(row.state)})
