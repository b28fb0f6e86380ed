"""An order: what the next list of an authority whose key is kept offline must say, as a file to be carried to that key.

It is not signed and holds no secret: whoever makes the list looks at what it says, and whoever publishes the list holds it
against the register, so an order that was altered on its way leads to no published list.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from directca.clock import rfc3339
from directca.pki.crl import RevokedEntry
from directca.pki.reasons import RevocationReason
from directca.revocation.authority_errors import BadOrder, CrlNumberFar

_KIND = "directca order for a CRL, 1"
_KEYS = {"kind", "authority", "subject", "certificate_sha256", "made_at", "number_above", "follows", "entries", "policy"}
_SERIALS = 1 << 159  # of 20 octets (RFC 5280 4.1.2.2)
_FURTHEST = timedelta(days=36_525)
"""Numbers follow the time in seconds, so a clock that once ran ahead leaves them ahead by as much. No clock runs ahead by a
century; and behind a number of 64 bits there is none for the next list."""

_ENTRY_KEYS = {"serial", "name", "revoked_at", "reason", "invalidity_date"}


@dataclass(frozen=True)
class OrderedEntry:
    """A certificate to be listed, and for people the name of whom it certifies."""

    entry: RevokedEntry
    name: str


@dataclass(frozen=True)
class Order:
    """What the list must say. `subject` and `certificate_sha256` are of the authority that signs it, `number_above` is the last
    number that was given out, `follows` number and thisUpdate of the published list, `policy` the text of the policy file."""

    authority_id: str
    subject: str
    certificate_sha256: str
    made_at: datetime
    number_above: int
    follows: tuple[int, datetime] | None
    entries: tuple[OrderedEntry, ...]
    policy: str


def write(order: Order) -> bytes:
    """The file."""
    follows = None if order.follows is None else {"number": order.follows[0], "this_update": rfc3339(order.follows[1])}
    content = {
        "kind": _KIND,
        "authority": order.authority_id,
        "subject": order.subject,
        "certificate_sha256": order.certificate_sha256,
        "made_at": rfc3339(order.made_at),
        "number_above": order.number_above,
        "follows": follows,
        "entries": [described(one) for one in order.entries],
        "policy": order.policy,
    }
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode()


def next_number(above: int, at: datetime) -> int:
    """The number of a list that is made at a moment after `above` was given out: never less than the time in seconds.

    Raises CrlNumberFar, rather than use up all the numbers that there are.
    """
    number = max(above + 1, int(at.timestamp()))
    if number > at.timestamp() + _FURTHEST.total_seconds():
        raise CrlNumberFar(
            f"The number of the list would be {number}, a century of seconds ahead of the time, which no clock explains: the "
            "order or the register was altered. Export a new order; if the register has the number, restore a backup."
        )
    return number


def described(ordered: OrderedEntry) -> dict[str, str | None]:
    """An entry in words, as the file and the commands show it."""
    entry = ordered.entry
    return {
        "serial": f"{entry.serial:x}",
        "name": ordered.name,
        "revoked_at": rfc3339(entry.revoked_at),
        "reason": None if entry.reason is None else entry.reason.value,
        "invalidity_date": None if entry.invalidity_date is None else rfc3339(entry.invalidity_date),
    }


def read(data: bytes) -> Order:
    """The order that a file holds. Raises BadOrder."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        _refuse()
    found = _object(content, _KEYS)
    if found["kind"] != _KIND:
        _refuse()
    follows = None if found["follows"] is None else _object(found["follows"], {"number", "this_update"})
    entries = found["entries"] if isinstance(found["entries"], list) else _refuse()
    return Order(
        authority_id=_text(found["authority"]),
        subject=_text(found["subject"]),
        certificate_sha256=_text(found["certificate_sha256"]),
        made_at=_moment(found["made_at"]),
        number_above=_number(found["number_above"]),
        follows=None if follows is None else (_number(follows["number"]), _moment(follows["this_update"])),
        entries=tuple(_entry(_object(one, _ENTRY_KEYS)) for one in entries),
        policy=_text(found["policy"]),
    )


def _entry(found: Mapping[str, Any]) -> OrderedEntry:
    try:
        serial = int(_text(found["serial"]), 16)
        reason = None if found["reason"] is None else RevocationReason(_text(found["reason"]))
    except ValueError:
        _refuse()
    # One form only, so that what is read is what is shown; and only what a list can say.
    if f"{serial:x}" != found["serial"] or not 1 <= serial < _SERIALS or (reason is not None and not reason.on_full_crl):
        _refuse()
    invalidity_date = None if found["invalidity_date"] is None else _moment(found["invalidity_date"])
    return OrderedEntry(RevokedEntry(serial, _moment(found["revoked_at"]), reason, invalidity_date), _text(found["name"]))


def _object(value: Any, keys: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or value.keys() != keys:
        _refuse()
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else _refuse()


def _number(value: Any) -> int:
    return value if type(value) is int and value >= 0 else _refuse()


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        _refuse()
    if moment.utcoffset() != timedelta(0) or rfc3339(moment) != value:
        _refuse()
    return moment


def _refuse() -> NoReturn:
    raise BadOrder("This is not an order as `directca root-crl export` writes it, or it is damaged. Export a new one.")
