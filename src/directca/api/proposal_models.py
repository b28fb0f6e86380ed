"""The bodies of what is said of proposals, and what they are answered with."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from directca.api.certificate_models import Text
from directca.vetting.proposal_model import Answer, ProposalKind, ProposalState

_LONGEST = 2_000


class Confirmation(BaseModel):
    """A second officer confirms exactly what they saw."""

    model_config = ConfigDict(extra="forbid")

    digest: Text = Field(min_length=64, max_length=64, description="The `digest` of the proposal as it was seen.")
    reason: Text = Field(min_length=1, max_length=_LONGEST, description="For the journal.")


class Refusal(BaseModel):
    """A second officer refuses, or the first takes it back."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(min_length=1, max_length=_LONGEST, description="For who proposed it, and for the journal.")


class OpinionAnswer(BaseModel):
    """What somebody said of a proposal."""

    answer: Answer
    by: str
    reason: str
    ts: str


class ProposalAnswer(BaseModel):
    """What one officer wants and another must confirm. `digest` stands for the content and for each of the pairs."""

    id: str
    kind: ProposalKind
    state: ProposalState
    subject: str
    account_id: str | None
    content: dict[str, Any]
    digest: str
    pairs: int = Field(description="So many pairs it is about: these, and no others, whatever is issued meanwhile.")
    plan: dict[str, Any] = Field(description="What would have become of it when it was proposed.")
    reason: str
    proposed_by: str
    proposed_ts: str
    expires_ts: str
    confirmations: int
    confirmations_needed: int
    opinions: list[OpinionAnswer]
    closed_ts: str | None
    result: str | None = Field(
        description="Of one that was carried out: the revocation, to be shown as any other, or the order; else what refused it."
    )


class ProposalsAnswer(BaseModel):
    """What waits for a second officer, the oldest first, and on the first page the last that wait no longer."""

    total: int = Field(description="So many wait.")
    open: list[ProposalAnswer]
    closed: list[ProposalAnswer]
    cursor: str | None = Field(description="Where the next page begins, to be sent as `cursor`; null on the last.")
