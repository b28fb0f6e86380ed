"""Keys of Debian's broken OpenSSL, CVE-2008-0166: 2006 to 2008, a few ten thousand possible keys of each size.

A list entry is what Debian's openssl-blacklist prints: the last 20 of the 40 hex digits of SHA-1 over `Modulus=`, the modulus in
upper-case hex, and a line feed. The packed form is the four octets `DWK1` and the entries as 10 octets each, ascending.
SHA-1 is only a name here: an attacker who finds a second modulus with a listed digest has a key that is refused.
"""

import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from directca.pki.errors import BlocklistDamaged

_MAGIC: Final = b"DWK1"
_ENTRY: Final = 10
_LINE: Final = re.compile(rb"[0-9a-fA-F]{20}")


@dataclass(frozen=True, slots=True)
class DebianWeakKeys:
    """Fingerprints of known keys, to be asked with `lists`."""

    _packed: bytes = field(repr=False)
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """Where in the packed list the entries begin whose first octet is the index, or a larger one."""

    def __post_init__(self) -> None:
        places = range(len(self))
        starts = [bisect_left(places, bytes((octet,)), key=self._entry) * _ENTRY for octet in range(256)]
        object.__setattr__(self, "_starts", (*starts, len(self._packed)))

    def __len__(self) -> int:
        return len(self._packed) // _ENTRY

    def __iter__(self) -> Iterator[bytes]:
        return map(self._entry, range(len(self)))

    def lists(self, modulus: int) -> bool:
        """Whether the key with this modulus is one of them."""
        wanted = _fingerprint(modulus)
        at, end = self._starts[wanted[0]], self._starts[wanted[0] + 1]
        while (at := self._packed.find(wanted, at, end)) >= 0:
            if at % _ENTRY == 0:
                return True
            at += 1  # the end of one entry and the beginning of the next
        return False

    def joined_with(self, others: Iterable["DebianWeakKeys"]) -> "DebianWeakKeys":
        """All of these and all of those."""
        return DebianWeakKeys(b"".join(sorted(set(self).union(*others))))

    def packed(self) -> bytes:
        """The packed form, which `read_packed` reads."""
        return _MAGIC + self._packed

    def _entry(self, at: int) -> bytes:
        return self._packed[at * _ENTRY : (at + 1) * _ENTRY]


def read_packed(data: bytes, *, source: str) -> DebianWeakKeys:
    """Read the packed form. Raises BlocklistDamaged for anything else, so that no key passes for want of a list."""
    keys = unpack(data, source=source)
    if any(entry >= following for entry, following in pairwise(keys)):
        raise BlocklistDamaged(f"The list of Debian's weak keys in {source} is out of order. Restore it from the release.")
    return keys


def unpack(data: bytes, *, source: str) -> DebianWeakKeys:
    """Read the packed form of a list whose digest is known, and so its order, which takes a quarter of a second to look at.

    Raises BlocklistDamaged.
    """
    if not data.startswith(_MAGIC) or (len(data) - len(_MAGIC)) % _ENTRY:
        raise BlocklistDamaged(f"The list of Debian's weak keys in {source} is damaged. Restore it from the release.")
    return DebianWeakKeys(data[len(_MAGIC) :])


def read_text(data: bytes, *, source: str) -> DebianWeakKeys:
    """Read Debian's own form: a line of 20 hex digits for each key, and comments behind `#`. Raises BlocklistDamaged."""
    entries = set()
    for number, line in enumerate(data.splitlines(), start=1):
        text = line.partition(b"#")[0].strip()
        if not text:
            continue
        if not _LINE.fullmatch(text):
            raise BlocklistDamaged(f"Line {number} of the list of weak keys in {source} is not 20 hex digits.")
        entries.add(bytes.fromhex(text.decode("ascii")))
    return DebianWeakKeys(b"".join(sorted(entries)))


def _fingerprint(modulus: int) -> bytes:
    return hashlib.sha1(b"Modulus=%X\n" % modulus, usedforsecurity=False).digest()[-_ENTRY:]
