"""The bodies of the certificate functions, as schemas: what is validated and what OpenAPI shows are one thing."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from directca.certificates.model import Status
from directca.direct.names import Kind
from directca.direct.oids import OrganizationType
from directca.issuance.model import Application, SubjectHints
from directca.pki.reasons import RevocationReason


def _years(value: Any) -> Any:
    """A whole number, also as a string of digits; nothing else, and not `true`."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise PydanticCustomError("bad_parameter", "a number of whole years is wanted, such as 2")
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit() and len(value) <= 3):
            raise PydanticCustomError("bad_parameter", "a number of whole years is wanted, such as 2")
        return int(value)
    return value


def _flag(value: Any) -> Any:
    if not isinstance(value, bool):
        raise PydanticCustomError("bad_parameter", "true or false is wanted")
    return value


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("bad_parameter", "a string is wanted")
    return value


Text = Annotated[str, BeforeValidator(_text)]
Csr = Annotated[Text, Field(description="PKCS #10 certification request: PEM, base64 or base64url, with or without line breaks.")]
Years = Annotated[
    int, BeforeValidator(_years), Field(description="Whole years of validity: 1, 2 or 3. A numeric string is accepted.")
]
Flag = Annotated[bool, BeforeValidator(_flag)]


class Subject(BaseModel):
    """What the request says about its subject. Certificates are built from vetted records; this must agree with those."""

    model_config = ConfigDict(extra="forbid")

    commonName: Text | None = None  # noqa: N815  (the published API's spelling)
    organization: Text | None = None
    organizationUnit: Text | None = None  # noqa: N815  (as above)


class CertificateRequest(BaseModel):
    """Body of Issue, Reissue and Renew."""

    model_config = ConfigDict(extra="forbid")

    signingCertificatePkcs10Data: Csr | None = None  # noqa: N815  (the published API's spelling)
    encryptionCertificatePkcs10Data: Csr | None = None  # noqa: N815  (as above)
    durationYear: Years | None = None  # noqa: N815  (as above)
    subject: Subject | None = None
    organizationType: OrganizationType | None = None  # noqa: N815  (as above)
    revokeImmediately: Flag = Field(  # noqa: N815  (as above)
        default=False, description="Reissue only: revoke the old pair at once instead of after the overlap."
    )

    def application(self, idempotency_key: str | None) -> Application:
        """The request as the verbs take it."""
        subject = self.subject or Subject()
        return Application(
            signing_csr=self.signingCertificatePkcs10Data,
            encryption_csr=self.encryptionCertificatePkcs10Data,
            duration_years=self.durationYear,
            hints=SubjectHints(subject.commonName, subject.organization, subject.organizationUnit),
            organization_type=self.organizationType,
            revoke_immediately=self.revokeImmediately,
            idempotency_key=idempotency_key,
        )


class CertificateRecord(BaseModel):
    """A pair of certificates. What is absent is null, never missing. Moments are RFC 3339 in UTC; serials lower-case hex."""

    identifier: str = Field(description="The Direct address or Direct domain: the subject's commonName.")
    signing_cert_serial: str
    encryption_cert_serial: str
    id: str
    status: Status
    kind: Kind
    organization: str
    organization_type: OrganizationType
    subject_dn: str
    issuer_dn: str
    signing_cert: str | None = Field(description="PEM")
    encryption_cert: str | None = Field(description="PEM")
    ca_chain: str = Field(description="PEM: the issuing CA, then the root")
    not_before_ts: str
    not_after_ts: str
    duration_year: int
    revocation_reason: RevocationReason | None
    revoked_ts: str | None
    order_id: str
    supersedes: str | None = Field(description="The id of the record whose place this one took.")
    superseded_by: str | None
    created_ts: str
    updated_ts: str


class DryRun(BaseModel):
    """What Issue, Reissue or Renew would do: every check passed, nothing was signed, stored or charged."""

    dry_run: bool
    identifier: str
    kind: Kind
    organization_type: OrganizationType
    subject_dn: str
    issuer_dn: str
    not_before_ts: str
    not_after_ts: str
    duration_year: int
    price_cents: int
    currency: str
    balance_cents: int
    lint: str = Field(description="`passed`: what is above a notice stops the request.")


class QueryPage(BaseModel):
    """Where this page stands. `totalCount` is exact. A page that does not exist is null."""

    offset: int
    totalCount: int  # noqa: N815  (the published API's spelling)
    returnedCount: int  # noqa: N815  (as above)
    uri: str
    previousPageUri: str | None  # noqa: N815  (as above)
    nextPageUri: str | None  # noqa: N815  (as above)


class QueryAnswer(BaseModel):
    """A page of certificate records, newest first."""

    query: QueryPage
    records: list[CertificateRecord]


class ErrorAnswer(BaseModel):
    """Why the request was refused. `error` is a stable code of the table under /docs/errors."""

    error: str
    description: str
    request_id: str
    field: str | None = None
