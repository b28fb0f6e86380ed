"""What one address answers: bytes, and the headers that say which bytes they are and for how long others may repeat them."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from directca.responders.conditions import Validators

PIECE = 65_536
"""How much is given to a connection at once: as much as is kept for a client that reads slowly."""

Headers = list[tuple[bytes, bytes]]
Lifetime = Callable[[int], int]
"""For how many seconds an answer may be repeated, at a Unix time."""


class Representation:
    """`lifetime` says for how long it may be repeated. `readers` are those who are being given it at this moment.

    Its bytes can be let go of, so that they take no memory any more: whoever reads them then gets no further.
    """

    __slots__ = ("_content", "_headers", "_headers_of", "_lifetime", "_policy", "readers", "size", "validators")

    def __init__(self, content: bytes, media_type: bytes, held: Validators, lifetime: Lifetime, policy: bytes) -> None:
        self.size = len(content)
        self.validators = held
        self.readers = 0
        self._content: bytes | None = content
        self._lifetime = lifetime
        self._policy = policy
        self._headers_of = -1
        self._headers: Headers = [
            (b"content-type", media_type),
            (b"content-length", b"%d" % self.size),
            (b"etag", held.etag),
            (b"accept-ranges", b"bytes"),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b""),
            (b"expires", b""),
        ]
        if held.modified is not None:
            self._headers.insert(3, (b"last-modified", format_datetime(held.modified, usegmt=True).encode()))

    def headers(self, moment: int) -> Headers:
        """Those of the whole, at a Unix time. The list is shared: not to be changed."""
        if moment != self._headers_of:
            seconds = max(0, self._lifetime(moment))
            expires = format_datetime(datetime.fromtimestamp(moment + seconds, UTC), usegmt=True).encode()
            cache = (b"cache-control", self._policy % seconds)
            self._headers = [*self._headers[:-2], cache, (b"expires", expires)]
            self._headers_of = moment
        return self._headers

    def piece(self, begin: int, end: int) -> bytes | None:
        """Some of its bytes; None once they were let go of."""
        return None if self._content is None else self._content[begin:end]

    def let_go(self) -> None:
        """Forget the bytes."""
        self._content = None
