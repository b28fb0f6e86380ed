"""The bodies of the functions about addresses, as schemas."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from directca.api.certificate_docs import Described
from directca.api.certificate_models import Text
from directca.oauth import scopes
from directca.vetting.address_model import LARGEST_FILE, MOST_ROWS, UploadState

MOST_LISTED = 1000
CSV = "text/csv"
LONGEST_NAME, LONGEST_LOCAL_PART = 254, 64

Short = Annotated[Text, Field(max_length=LONGEST_NAME)]


class AddressRequest(BaseModel):
    """Body of an authorization."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[Short, Field(description="The address, or `*@` and the domain for every mailbox of it.")]
    organization: Annotated[
        Short | None, Field(description="The organization; needed where the account has several that are approved.")
    ] = None
    until: Annotated[Short | None, Field(description="The day on which the authority ends; without one it does not.")] = None


class AddressRecord(BaseModel):
    """The authority over an address. What is absent is null, never missing."""

    address: str
    domain: str
    mailbox: str = Field(description="The part before the @, or * for each of the domain.")
    organization: str
    state: str = Field(description="`active` or `expired`.")
    granted_ts: str
    expires_ts: str | None


class AddressList(BaseModel):
    """Some of the addresses, by domain and mailbox."""

    organization: str
    total: int
    next: str | None = Field(description="Send it as `after` for those that follow; null when none do.")
    addresses: list[AddressRecord]


class AddressWithdrawn(BaseModel):
    """An address over which there is authority no longer."""

    address: str
    organization: str


class UploadRecord(BaseModel):
    """A file of addresses, and how far it has come."""

    id: str
    organization: str
    state: UploadState
    total: int
    checked: int
    wrong: int = Field(description="Rows that cannot be taken. With a single one nothing of the file is applied.")
    added: int
    changed: int
    unchanged: int
    sha256: str
    brought_ts: str
    settled_ts: str | None


class UploadList(BaseModel):
    """The last files, newest first."""

    uploads: list[UploadRecord]


class WrongRowRecord(BaseModel):
    """A row that cannot be taken."""

    line: int
    column: str
    value: str
    why: str


class WrongRows(BaseModel):
    """Rows that cannot be taken, by line."""

    total: int
    next: int | None = Field(description="Send it as `after` for those that follow; null when none do.")
    rows: list[WrongRowRecord]


def _query(name: str, text: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema}


def _place(name: str, text: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string", "maxLength": LONGEST_NAME},
    }


class _File(Described):
    """A function that takes a file."""

    @property
    def extra(self) -> dict[str, Any]:
        """What FastAPI cannot read off the handler."""
        return super().extra | {"requestBody": {"required": True, "content": {CSV: {"schema": {"type": "string"}}}}}


_ORGANIZATION = _query(
    "organization",
    "The organization; needed where the account has several that are approved.",
    type="string",
    maxLength=LONGEST_NAME,
)
_LIMIT = _query("limit", "How many.", type="integer", minimum=1, maximum=MOST_LISTED)
_UPLOAD = _place("id", "The file, by the id that it was answered with.")
_DO, _SEE = scopes.TUSER_ACCOUNT, scopes.ACCOUNT_READ

AUTHORIZE = Described(
    "authorize_address",
    "Authorize an address",
    "Let certificates be issued for an address, or for every one of a domain that is verified. For representatives.",
    AddressRecord,
    _DO,
    body=True,
    model=AddressRequest,
)
WITHDRAW = Described(
    "withdraw_address",
    "Withdraw an address",
    "End the authority over an address. Certificates that were issued stay. For representatives.",
    AddressWithdrawn,
    _DO,
    (_place("address", "The address, as it was authorized."), _ORGANIZATION),
)
LIST = Described(
    "addresses",
    "List addresses",
    "The addresses over which there is authority, expired ones too.",
    AddressList,
    _SEE,
    (
        _ORGANIZATION,
        _query("domain", "Only those of this domain.", type="string", maxLength=LONGEST_NAME),
        _query("begins", "Only those of which the part before the @ begins so.", type="string", maxLength=LONGEST_LOCAL_PART),
        _query("after", "Behind this one: `next` of the answer before.", type="string", maxLength=LONGEST_NAME),
        _LIMIT,
    ),
)
UPLOAD = _File(
    "upload_addresses",
    "Authorize a file of addresses",
    f"CSV of at most {MOST_ROWS} rows and {LARGEST_FILE} bytes; its first line names the columns, `address` and perhaps `until`. "
    "All of it is applied in one commit, or nothing. For representatives.",
    UploadRecord,
    _DO,
    (_ORGANIZATION,),
)
UPLOADS = Described("address_uploads", "List files of addresses", "The last files.", UploadList, _SEE, (_ORGANIZATION,))
SHOW_UPLOAD = Described("address_upload", "Show a file of addresses", "How far it has come.", UploadRecord, _SEE, (_UPLOAD,))
WRONG = Described(
    "address_upload_rows",
    "Rows that cannot be taken",
    "Each with its line, its column and what to do about it.",
    WrongRows,
    _SEE,
    (_UPLOAD, _query("after", "Behind this line: `next` of the answer before.", type="integer", minimum=0), _LIMIT),
)
