"""The bodies of officers' revocations in bulk."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from directca.api.certificate_models import Flag, Text
from directca.api.moments import moment
from directca.api.selections import Said, selection
from directca.certificates.model import Status
from directca.pki.reasons import RevocationReason
from directca.revocation.bulk_model import JobState, Wanted

_MOST = 2_000
_LONGEST = 500


class RevocationOrder(BaseModel):
    """Which certificates, and why. What several fields say holds together; `serials`, or `keys`, stand by themselves."""

    model_config = ConfigDict(extra="forbid")

    organization: Text | None = Field(default=None, description="Those of this organization, by its identifier.")
    account: Text | None = Field(default=None, description="Those of this account, by its identifier.")
    domain: Text | None = Field(default=None, description="Those of this domain and of everything below it.")
    query: dict[str, Text] | None = Field(
        default=None,
        description="Those that these filters of the query function find. Alone they must name something: commonNameIs, "
        "organizationIs, a serial, or a commonNameLike that spells out a part of a domain, such as *.example.org.",
    )
    serials: list[Text] = Field(default=[], max_length=_MOST, description="Those with these serials, hexadecimal.")
    keys: list[Text] = Field(
        default=[], max_length=_MOST, description="Those with these keys: SHA-256 of SubjectPublicKeyInfo, hexadecimal."
    )
    reason: RevocationReason = Field(description="The same for all. certificateHold suspends, removeFromCRL releases.")
    invalidity_date: Text | None = Field(
        alias="invalidityDate",
        default=None,
        description="Since when the keys are known or suspected to be compromised: from 2000 on, not in the future.",
    )
    explanation: Text | None = Field(default=None, max_length=_LONGEST, description="Why, for the journal.")
    dry_run: Flag = Field(alias="dryRun", default=False, description="Count and show; revoke nothing.")

    def wanted(self) -> Wanted:
        """The order as the verb takes it. Raises BadParameter, UnknownParameter, BadDirectName."""
        said = Said(self.organization, self.account, self.domain, self.query, self.serials, self.keys)
        since = moment(self.invalidity_date, field="invalidityDate")
        return Wanted(selection(said), self.reason, since, self.explanation)


class RevocationSample(BaseModel):
    """One of the pairs that are meant."""

    identifier: str
    status: Status
    signing_cert_serial: str
    encryption_cert_serial: str


class RevocationPlan(BaseModel):
    """What would become of it at this moment. Nothing was changed."""

    dry_run: bool
    total: int = Field(description="Pairs that are meant.")
    statuses: dict[str, int] = Field(description="How many have which status now.")
    outcomes: dict[str, int] = Field(description="How many would have which outcome.")
    sample: list[RevocationSample]
    unknown: list[str] = Field(description="Serials or keys that are not known here; the first hundred.")
    unknown_count: int


class RevocationJob(BaseModel):
    """A revocation in bulk. It is done in the background, by whichever process is there; ask again to see how far it is."""

    id: str
    state: JobState
    selection: dict[str, Any]
    reason: RevocationReason
    invalidity_date_ts: str | None
    actor: str
    created_ts: str
    finished_ts: str | None
    total: int = Field(description="Pairs that are meant.")
    done: int = Field(description="Pairs that have their outcome.")
    refused: int = Field(description="Of those, how many were refused.")
    outcomes: dict[str, int] = Field(
        description="`revoked`, `held`, `released`, `unchanged`, `cancelled`, or the code of what refused it."
    )
