"""The bodies of the functions about domains, as schemas."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from directca.api.certificate_docs import Described
from directca.api.certificate_models import Text
from directca.oauth import scopes
from directca.vetting.domain_model import AttemptKind, DomainStanding, Outcome, Wanted
from directca.vetting.model import DomainMethod

Short = Annotated[Text, Field(max_length=254)]


class DomainRequest(BaseModel):
    """Body of a claim."""

    model_config = ConfigDict(extra="forbid")

    domain: Annotated[Short, Field(description="The domain: this very one, nothing above or below it.")]
    method: Annotated[DomainMethod, Field(description="`dns_txt`: publish a record. `role_address`: enter a mailed code.")]
    organization: Annotated[
        Short | None, Field(description="The organization's identifier; needed where the account has several that are approved.")
    ] = None
    mailbox: Annotated[
        Short | None, Field(description="For `role_address`: postmaster, hostmaster, admin, administrator or webmaster.")
    ] = None

    def wanted(self) -> Wanted:
        """The claim as the verb takes it."""
        return Wanted(self.domain, self.method, self.organization, self.mailbox)


class CodeRequest(BaseModel):
    """Body of a confirmation."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[Text, Field(max_length=64, description="The code, in any letter case, with or without hyphens.")]


class DomainRecord(BaseModel):
    """A claim on a domain. What is absent is null, never missing."""

    id: str | None = Field(description="Names the claim in the other functions; null for one that the operator put on file.")
    domain: str
    organization_id: str
    organization: str
    method: DomainMethod
    state: DomainStanding
    record_name: str | None = Field(description="Where the TXT record must be.")
    record_value: str | None = Field(description="What it must hold. Leave it there: control is shown by it again every year.")
    mailed_to: str | None
    tries_left: int | None
    made_ts: str | None
    answer_by_ts: str | None = Field(description="Until when the record is waited for, or the code is good.")
    verified_ts: str | None
    expires_ts: str | None


class DomainList(BaseModel):
    """The account's claims, newest first."""

    domains: list[DomainRecord]


class DomainAttempt(BaseModel):
    """An attempt to meet a challenge, with what was seen."""

    id: str
    kind: AttemptKind
    outcome: Outcome
    at_ts: str
    seen: dict[str, Any]


class DomainAttempts(BaseModel):
    """The attempts, newest first."""

    attempts: list[DomainAttempt]


_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The claim, by the id that it was answered with.",
    "schema": {"type": "string", "maxLength": 64},
}

CLAIM = Described(
    name="claim_domain",
    summary="Claim a domain",
    text="Ask to have certificates in a domain. The answer says which record to publish, or to whom a code was mailed.",
    answer=DomainRecord,
    scope=scopes.TUSER_ACCOUNT,
    body=True,
    model=DomainRequest,
)
LIST = Described(
    name="domains",
    summary="List domains",
    text="The domains that the account's organizations have claimed, with what became of it.",
    answer=DomainList,
    scope=scopes.ACCOUNT_READ,
)
SHOW = Described(
    name="domain",
    summary="Show a domain",
    text="One claim, and how it stands.",
    answer=DomainRecord,
    scope=scopes.ACCOUNT_READ,
    parameters=(_ID,),
)
CHECK = Described(
    name="check_domain",
    summary="Check a domain now",
    text="Look for the TXT record at every authoritative server of the domain. Success means that control is verified.",
    answer=DomainRecord,
    scope=scopes.TUSER_ACCOUNT,
    parameters=(_ID,),
)
CONFIRM = Described(
    name="confirm_domain",
    summary="Enter a code",
    text="Enter the code that was mailed. Success means that control is verified. A few wrong codes, and the claim has failed.",
    answer=DomainRecord,
    scope=scopes.TUSER_ACCOUNT,
    parameters=(_ID,),
    body=True,
    model=CodeRequest,
)
WITHDRAW = Described(
    name="withdraw_domain",
    summary="Withdraw a domain",
    text="Give a claim up. Nothing more is issued in the domain; certificates that were issued stay.",
    answer=DomainRecord,
    scope=scopes.TUSER_ACCOUNT,
    parameters=(_ID,),
)
ATTEMPTS = Described(
    name="domain_attempts",
    summary="Attempts for a domain",
    text="What was tried to verify a claim, and what was seen.",
    answer=DomainAttempts,
    scope=scopes.ACCOUNT_READ,
    parameters=(_ID,),
)
