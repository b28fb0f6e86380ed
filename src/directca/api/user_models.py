"""The bodies of the functions about an account's users and invitations, as schemas."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from directca.accounts.joining_model import InvitationState
from directca.accounts.person import PersonStatus, Role
from directca.api.application_models import Strict
from directca.api.certificate_docs import Described
from directca.api.certificate_models import Text
from directca.oauth import scopes


class InvitationBody(Strict):
    """Who is to be let in."""

    email: Annotated[Text, Field(max_length=254, description="A link goes there, and is good once.")]
    administrator: Annotated[bool, Field(strict=True, description="The person keeps users and applications too.")] = False


class UserChange(Strict):
    """What is to be otherwise about a user."""

    administrator: Annotated[bool, Field(strict=True)]


class UserAnswer(BaseModel):
    """Somebody of the account."""

    id: str
    username: str
    display_name: str
    email: str | None
    status: PersonStatus
    roles: list[Role]


class UsersAnswer(BaseModel):
    """Everybody of the account, by user name."""

    users: list[UserAnswer]


class InvitationAnswer(BaseModel):
    """An invitation. Its link is told to nobody but in the letter."""

    id: str
    email: str
    administrator: bool
    state: InvitationState
    invited_ts: str
    expires_ts: str
    settled_ts: str | None


class InvitationsAnswer(BaseModel):
    """The account's newest invitations."""

    invitations: list[InvitationAnswer]


_ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The identifier that an earlier answer gave.",
    "schema": {"type": "string", "maxLength": 64},
}
_READ, _MANAGE = scopes.ACCOUNT_READ, scopes.ACCOUNT_MANAGE

USERS = Described("users", "List users", "Who can sign in for the account.", UsersAnswer, _READ)
CHANGE_USER = Described(
    "change_user",
    "Change a user",
    "Make somebody an administrator of the account, or no longer. Their sessions end. For account administrators.",
    UserAnswer,
    _MANAGE,
    (_ID,),
    body=True,
    model=UserChange,
)
REMOVE_USER = Described(
    "remove_user",
    "Remove a user",
    "End somebody's access for good: sessions, and all that the person granted to applications. Never the last one's.",
    UsersAnswer,
    _MANAGE,
    (_ID,),
)
INVITATIONS = Described("invitations", "List invitations", "The account's newest invitations.", InvitationsAnswer, _READ)
INVITE = Described(
    "invite",
    "Invite somebody",
    "Mail a link to an address, with which its owner chooses a password. An earlier link is good no more.",
    InvitationAnswer,
    _MANAGE,
    body=True,
    model=InvitationBody,
)
WITHDRAW = Described(
    "withdraw_invitation", "Withdraw an invitation", "Its link is good no more.", InvitationsAnswer, _MANAGE, (_ID,)
)
