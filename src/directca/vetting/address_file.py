"""Reading a file of addresses: CSV (RFC 4180) whose first line names the columns, `address` and perhaps `until`.

Pure. What a spreadsheet makes is taken: UTF-8 with or without a byte order mark, UTF-16 with one; commas, semicolons or tabs;
quoted cells; either end of line. A cell is text and nothing else; one that a spreadsheet would calculate is refused,
so that no list of ours carries it on.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime

from directca.clock import whole_second, written_moment
from directca.direct.errors import BadDirectName
from directca.vetting.address_errors import BadAddressFile
from directca.vetting.address_model import LARGEST_FILE, MOST_ROWS, AddressRow, AddressTable, WantedAddress, WrongRow
from directca.vetting.domain_policy import safe
from directca.vetting.errors import BadVettingRecord
from directca.vetting.policy import one_address

ADDRESS, UNTIL = "address", "until"
_COLUMNS = (ADDRESS, UNTIL)
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_CALCULATED = ("=", "+", "-", "@", "\t", "\r")
_SHOWN = 80


def read(octets: bytes) -> AddressTable:
    """The rows of a file. Raises BadAddressFile, which names the line, for one that cannot be read as a whole."""
    if len(octets) > LARGEST_FILE:
        raise BadAddressFile(f"The file has {len(octets)} bytes, and at most {LARGEST_FILE} are taken. Bring it in parts.")
    text = _text(octets)
    head, rows = None, []
    for line, cells in _records(text):
        if head is None:
            head = _head(cells, line)
        else:
            rows.append(AddressRow(line, cells))
        if len(rows) > MOST_ROWS:
            raise BadAddressFile(f"The file has more than {MOST_ROWS} rows. Bring it in parts.")
    if head is None or not rows:
        raise BadAddressFile("The file has no rows. Its first line names the columns, address and perhaps until; rows follow.")
    return AddressTable(head, tuple(rows))


def understood(table: AddressTable, domains: Iterable[str], now: datetime) -> Iterator[WantedAddress | WrongRow]:
    """What each row wants, or why it cannot be taken. `domains` are those that the organization has a claim on."""
    claimed, lines = frozenset(domains), dict[tuple[str, str], int]()
    for row in table.rows:
        found = _row(table, row, claimed, now)
        if isinstance(found, WantedAddress):
            first = lines.setdefault((found.domain, found.mailbox), found.line)
            if first != found.line:
                found = _wrong(table, row, ADDRESS, f"The address stands on line {first} already. Leave one of them out.")
        yield found


def _text(octets: bytes) -> str:
    encoding, rest = next(((name, octets[len(mark) :]) for mark, name in _MARKS if octets.startswith(mark)), ("utf-8", octets))
    try:
        text = rest.decode(encoding)
    except UnicodeDecodeError as error:
        line = rest[: error.start].count("\n".encode(encoding)) + 1
        raise BadAddressFile(
            f"Line {line} is not in {encoding.upper()[:6].rstrip('-')}. Save the file as CSV in UTF-8."
        ) from error
    if (place := text.find("\0")) >= 0:
        raise BadAddressFile(
            f"Line {text.count(chr(10), 0, place) + 1} has a character that no text has. Save the file as CSV in UTF-8."
        )
    return text


def _records(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each record that holds something, with the line on which it begins."""
    first = text.split("\n", 1)[0]
    separator = next((one for one in (",", ";", "\t") if one in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadAddressFile(f"From line {line} on the file is not CSV: {error}. Look at the quotes there.") from error
        if any(cell.strip() for cell in cells):
            yield line, tuple(cells)
        line = reader.line_num + 1


def _head(cells: tuple[str, ...], line: int) -> tuple[str, ...]:
    names = tuple(cell.strip().lower() for cell in cells)
    if ADDRESS not in names or len(set(names)) != len(names) or not set(names) <= set(_COLUMNS):
        raise BadAddressFile(
            f"Line {line} must name the columns: address, and perhaps until, in any order, each once and no other. "
            f"It says {safe(', '.join(cells))[:_SHOWN]!r}."
        )
    return names


def _row(table: AddressTable, row: AddressRow, claimed: frozenset[str], now: datetime) -> WantedAddress | WrongRow:
    try:
        _check_cells(table, row)
        domain, mailbox = _address(table.cell(row, ADDRESS), claimed)
        return WantedAddress(row.line, domain, mailbox, _end(table.cell(row, UNTIL), now))
    except _Wrong as wrong:
        return _wrong(table, row, wrong.column, wrong.why)


class _Wrong(Exception):
    """A row cannot be taken: for which column, and what to do about it."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(why)
        self.column = column
        self.why = why


def _check_cells(table: AddressTable, row: AddressRow) -> None:
    if len(row.cells) > len(table.columns):
        raise _Wrong("", f"The row has {len(row.cells)} cells, and the first line names {len(table.columns)}.")
    for column, cell in zip(table.columns, row.cells, strict=False):
        if cell.startswith(_CALCULATED):
            raise _Wrong(column, "The cell begins as a formula does. If it is an address, authorize it by itself, not in a file.")


def _address(text: str, claimed: frozenset[str]) -> tuple[str, str]:
    try:
        domain, mailbox = one_address(text)
    except (BadDirectName, BadVettingRecord) as error:
        raise _Wrong(ADDRESS, error.detail) from error
    if domain not in claimed:
        raise _Wrong(ADDRESS, f"The organization has no verified claim on {domain}. Show control of it first.")
    return domain, mailbox


def _end(text: str, now: datetime) -> datetime | None:
    """A day (its midnight, UTC) or an RFC 3339 moment, to the whole second; nothing is no end."""
    if not text:
        return None
    written = written_moment(text)
    if written is None:
        raise _Wrong(UNTIL, "Write the end as a date, such as 2027-01-31, or leave the cell empty.")
    end = whole_second(written)
    if end <= now:
        raise _Wrong(UNTIL, "The authority would have ended already. Give a day in the future.")
    return end


def _wrong(table: AddressTable, row: AddressRow, column: str, why: str) -> WrongRow:
    value = table.cell(row, column) if column else ", ".join(row.cells)
    return WrongRow(row.line, column, safe(value)[:_SHOWN], why)
