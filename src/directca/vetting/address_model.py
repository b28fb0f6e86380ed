"""Authority over addresses as it is listed, and files of addresses as they are brought."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from directca.vetting.model import MailboxAuthority

MOST_ROWS = 10_000
"""Addresses in one file."""

LARGEST_FILE = 786_432
"""In bytes: as many rows of the longest addresses with their ends."""


class UploadState(StrEnum):
    """Where a file of addresses stands. It is applied as a whole, in one commit, or nothing of it is."""

    CHECKING = "checking"
    REFUSED = "refused"
    APPLIED = "applied"


@dataclass(frozen=True)
class AddressUpload:
    """A file of addresses. `checked` of `total` rows were looked at; `wrong` of them cannot be taken. Once it is applied, so many
    authorities were `added`, given another end (`changed`), or stood as they are (`unchanged`)."""

    id: str
    account_id: str
    organization_id: str
    state: UploadState
    actor: str
    sha256: str
    total: int
    brought_at: datetime
    checked: int = 0
    wrong: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    settled_at: datetime | None = None
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class WrongRow:
    """A row that cannot be taken: its line in the file, the column, what stood there, and what to do about it."""

    line: int
    column: str
    value: str
    why: str


@dataclass(frozen=True)
class AddressRow:
    """A row as it stands in the file: the line it begins on, and its cells."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class AddressTable:
    """A file that was read: where its columns are, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[AddressRow, ...]

    def cell(self, row: AddressRow, column: str) -> str:
        """What stands in a column of a row, without spaces around it; nothing where the row is shorter, or has no such column."""
        place = self.columns.index(column) if column in self.columns else len(row.cells)
        return row.cells[place].strip() if place < len(row.cells) else ""


@dataclass(frozen=True)
class WantedAddress:
    """A row that was understood: `mailbox` is the part before the @, or * for each of the domain."""

    line: int
    domain: str
    mailbox: str
    expires_at: datetime | None


@dataclass(frozen=True)
class AddressFilter:
    """Which authorities are listed: of one domain, with what before the @ begins with, behind an address, so many."""

    domain: str | None = None
    begins: str | None = None
    after: tuple[str, str] | None = None
    limit: int = 100


@dataclass(frozen=True)
class AddressPage:
    """Some of an organization's authorities, by domain and mailbox; how many there are in all; whether more follow."""

    organization_id: str
    legal_name: str
    found: tuple[MailboxAuthority, ...]
    total: int
    more: bool
