"""What OpenAPI says about the certificate functions beyond their schemas."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from directca.api.certificate_models import (
    CertificateRecord,
    CertificateRequest,
    DryRun,
    ErrorAnswer,
    QueryAnswer,
)
from directca.api.compromise_models import CompromiseAnswer, CompromiseReport
from directca.certificates.filters import DEFAULT_LIMIT, MAXIMUM_LIMIT
from directca.certificates.model import Status
from directca.oauth import scopes
from directca.pki.reasons import RevocationReason

Responses = dict[int | str, dict[str, Any]]

ERRORS: Responses = {
    400: {"model": ErrorAnswer, "description": "The request is wrong, or the certificate is not in a state that allows it."},
    401: {"model": ErrorAnswer, "description": "No valid access token."},
    403: {"model": ErrorAnswer, "description": "Permission denied: the scope, the account or the vetting does not allow it."},
    404: {"model": ErrorAnswer, "description": "No certificate of yours has this name."},
    429: {"model": ErrorAnswer, "description": "Too often; Retry-After says when."},
    500: {"model": ErrorAnswer, "description": "A fault on our side; quote the request_id."},
    503: {"model": ErrorAnswer, "description": "Not possible for now; Retry-After says when."},
}


@dataclass(frozen=True)
class Described:
    """One function as OpenAPI shows it."""

    name: str
    summary: str
    text: str
    answer: Any
    scope: str
    parameters: tuple[dict[str, Any], ...] = ()
    body: bool | None = None
    """Whether a body is required; None: there is none."""
    model: type[BaseModel] = CertificateRequest
    also: str = ""
    """A media type in which it is answered too, if it is asked for."""

    @property
    def security(self) -> list[dict[str, list[str]]]:
        """The scopes that open it, each by itself; nothing where no token is asked for."""
        if not self.scope:
            return []
        return [{"oauth2": [one]} for one in (scopes.TUSER_ACCOUNT, self.scope) if scopes.allows((one,), self.scope)]

    @property
    def responses(self) -> Responses:
        """Success and every error."""
        success: dict[str, Any] = {"model": self.answer, "description": "Success"}
        if self.also:
            success["content"] = {self.also: {"schema": {"type": "string"}}}
        return {200: success, **ERRORS}

    @property
    def extra(self) -> dict[str, Any]:
        """What FastAPI cannot read off the handler."""
        extra: dict[str, Any] = {
            "parameters": list(self.parameters),
            "security": self.security,
        }
        if self.body is not None:
            schema = self.model.model_json_schema()
            definitions = schema.pop("$defs", {})
            schema = _inlined(schema, definitions)
            extra["requestBody"] = {"required": self.body, "content": {"application/json": {"schema": schema}}}
        return extra


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
        return {key: _inlined(value, definitions) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_inlined(value, definitions) for value in schema]
    return schema


def _query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


_NAME = {
    "name": "commonName",
    "in": "path",
    "required": True,
    "description": "The Direct address or Direct domain.",
    "schema": {"type": "string", "maxLength": 64},
}
_REASON = {
    "name": "reason",
    "in": "path",
    "required": True,
    "description": "Case-sensitive. certificateHold suspends the pair, removeFromCRL releases a suspended one.",
    "schema": {"type": "string", "enum": [one.value for one in RevocationReason]},
}
_DRY_RUN = _query(
    "dryRun", "Make every check and tell the price; sign, store and charge nothing.", type="string", enum=["true", "false"]
)
_NAME_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 256}
_SERIAL_SCHEMA = {"type": "string", "pattern": "^[0-9A-Fa-f:]{1,120}$"}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request are answered with the same record and charged once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}

ISSUE = Described(
    name="issue",
    summary="Issue",
    text="Issue a signing and an encryption certificate for the name in the two certification requests. Paid.",
    answer=CertificateRecord | DryRun,
    scope=scopes.CERTIFICATE_ISSUE,
    parameters=(_DRY_RUN, _IDEMPOTENCY_KEY),
    body=True,
)
REISSUE = Described(
    name="reissue",
    summary="Reissue",
    text="Make a new pair with the same expiry date: with new keys where requests are sent, else with the same keys. Free.",
    answer=CertificateRecord | DryRun,
    scope=scopes.CERTIFICATE_ISSUE,
    parameters=(_NAME, _DRY_RUN, _IDEMPOTENCY_KEY),
    body=False,
)
RENEW = Described(
    name="renew",
    summary="Renew",
    text="Make a new pair that is valid for durationYear from now. Paid. The old pair stays valid until it expires.",
    answer=CertificateRecord | DryRun,
    scope=scopes.CERTIFICATE_ISSUE,
    parameters=(_NAME, _DRY_RUN, _IDEMPOTENCY_KEY),
    body=True,
)
REVOKE = Described(
    name="revoke",
    summary="Revoke",
    text="Revoke, suspend or release both certificates of every valid pair of the name. Free.",
    answer=CertificateRecord,
    scope=scopes.CERTIFICATE_REVOKE,
    parameters=(_NAME, _REASON),
)
REPORT_COMPROMISE = Described(
    name="report_compromise",
    summary="Report a compromised key",
    text="Revoke every pair with a key that is proven to be compromised, and never certify it again. For anybody; no token.",
    answer=CompromiseAnswer,
    scope="",
    body=True,
    model=CompromiseReport,
)
RETRIEVE = Described(
    name="retrieve",
    summary="Retrieve",
    text="The certificate record that the name stands for.",
    answer=CertificateRecord,
    scope=scopes.CERTIFICATE_READ,
    parameters=(_NAME,),
)
QUERY = Described(
    name="query",
    summary="Query",
    text="The account's certificate records, newest first. Filters combine with AND; without any, all records are meant.",
    answer=QueryAnswer,
    scope=scopes.CERTIFICATE_READ,
    parameters=(
        _query("commonNameIs", "The name, in any letter case.", **_NAME_SCHEMA),
        _query(
            "commonNameLike", "A pattern with * as wildcard, such as *.mydomain.com.", type="string", minLength=1, maxLength=256
        ),
        _query(
            "signingSerialIs", "Serial of the signing certificate, hexadecimal.", type="string", pattern="^[0-9A-Fa-f:]{1,120}$"
        ),
        _query("encryptionSerialIs", "Serial of the encryption certificate.", **_SERIAL_SCHEMA),
        _query("statusIs", "The status shown in the record.", type="string", enum=[one.value for one in Status]),
        _query("expiresBefore", "notAfter is before this moment.", type="string", format="date-time"),
        _query("expiresAfter", "notAfter is after this moment.", type="string", format="date-time"),
        _query("organizationIs", "The organization's legal name.", **_NAME_SCHEMA),
        _query("limit", "Records on a page.", type="integer", minimum=1, maximum=MAXIMUM_LIMIT, default=DEFAULT_LIMIT),
        _query("offset", "Records before this page.", type="integer", minimum=0, maximum=10**9, default=0),
        _query("cursor", "Taken from a page address.", type="string", pattern="^(older|newer)-[0-9]{1,18}$"),
    ),
)
