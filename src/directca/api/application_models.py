"""The bodies of the functions about an account's own applications, as schemas."""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from directca.api.certificate_docs import Described
from directca.api.certificate_models import Text
from directca.oauth import scopes
from directca.oauth.model import ClientStatus, StoppedBy
from directca.oauth.own_applications import LONGEST_OVERLAP, Wanted

_LONGEST_OVERLAP_HOURS = int(LONGEST_OVERLAP.total_seconds()) // 3600

Uri = Annotated[Text, Field(max_length=2048)]
Name = Annotated[Text, Field(max_length=100)]


class Strict(BaseModel):
    """A body of which nothing is read that it does not have. `needed`: whether it may be left out."""

    model_config = ConfigDict(extra="forbid")
    needed: ClassVar[bool] = True


class Nothing(Strict):
    """No body, or an empty object."""

    needed: ClassVar[bool] = False


class NewApplicationBody(Strict):
    """An application to be registered."""

    name: Annotated[Name, Field(description="What the consent page calls it.")]
    redirect_uris: Annotated[list[Uri], Field(max_length=20, description="Where people are sent back to, exactly.")]
    kind: Annotated[
        Literal["confidential", "public"], Field(description="`public`: it can keep no secret, and must use PKCE.")
    ] = "confidential"
    native: Annotated[bool, Field(strict=True, description="It runs on people's own machines: loopback ports are free.")] = False
    scopes: Annotated[
        list[Text] | None, Field(max_length=20, description="What it may ask for; by default all but `account.manage`.")
    ] = None

    def wanted(self) -> Wanted:
        """The application as the verb takes it."""
        asked = scopes.OF_ACCOUNT if self.scopes is None else tuple(dict.fromkeys(self.scopes))
        return Wanted(self.name, tuple(self.redirect_uris), self.kind == "confidential", self.native, asked)


class ApplicationChanges(Strict):
    """What is to be otherwise; what is left out stays."""

    name: Name | None = None
    redirect_uris: Annotated[list[Uri] | None, Field(max_length=20)] = None


class Rotation(Strict):
    """How long the old secret stays good."""

    needed: ClassVar[bool] = False
    overlap_hours: Annotated[
        int, Field(ge=0, le=_LONGEST_OVERLAP_HOURS, strict=True, description="0: the old one is good no more.")
    ] = 0


class ApplicationAnswer(BaseModel):
    """An application of the account. What is absent is null, never missing."""

    client_id: str
    name: str
    kind: Literal["confidential", "public"]
    native: bool
    redirect_uris: list[str]
    scopes: list[str]
    status: ClientStatus
    disabled_by: StoppedBy | None = Field(description="What the authority stopped, the account cannot enable.")
    old_secret_ends_ts: str | None = Field(description="Until when the secret before the last one is good too.")
    created_ts: str


class RegisteredAnswer(ApplicationAnswer):
    """The same with its secret, which is told this once; a public application has none."""

    client_secret: str | None = None


class ApplicationsAnswer(BaseModel):
    """The account's applications, by name."""

    applications: list[ApplicationAnswer]


_ID = {
    "name": "client_id",
    "in": "path",
    "required": True,
    "description": "The application.",
    "schema": {"type": "string", "maxLength": 64},
}
_READ, _MANAGE = scopes.ACCOUNT_READ, scopes.ACCOUNT_MANAGE

LIST = Described("applications", "List applications", "The account's own applications.", ApplicationsAnswer, _READ)
SHOW = Described("application", "Show an application", "One of them.", ApplicationAnswer, _READ, (_ID,))
CREATE = Described(
    "create_application",
    "Make an application",
    "Register an application of the account. Its secret is told this once. For account administrators.",
    RegisteredAnswer,
    _MANAGE,
    body=True,
    model=NewApplicationBody,
)
CHANGE = Described(
    "change_application",
    "Change an application",
    "Another name, or other redirect URIs: all of them, in place of those before. For account administrators.",
    ApplicationAnswer,
    _MANAGE,
    (_ID,),
    body=True,
    model=ApplicationChanges,
)
ROTATE = Described(
    "rotate_secret",
    "Replace a secret",
    "Make a new secret, told this once. The old one is good for the overlap, the one before that no more. Tokens go on.",
    RegisteredAnswer,
    _MANAGE,
    (_ID,),
    body=False,
    model=Rotation,
)
DISABLE = Described(
    "disable_application",
    "Disable an application",
    "Its tokens are refused and it gets no new ones, until it is enabled. For account administrators.",
    ApplicationAnswer,
    _MANAGE,
    (_ID,),
)
ENABLE = Described(
    "enable_application",
    "Enable an application",
    "Let it go on, unless the authority stopped it. For account administrators.",
    ApplicationAnswer,
    _MANAGE,
    (_ID,),
)
