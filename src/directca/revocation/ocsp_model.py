"""What an OCSP answer is on its way from the verb to whoever sends it, and what is told of changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from directca.pki.ocsp import ResponseStatus


@dataclass(frozen=True, slots=True)
class OcspAnswer:
    """A signed response in two pieces: its own, and the responder's certificate, one object for all of a responder's.

    `serial` is the one certificate that it is about, None when it is about several. `version` is the version of the authority's
    status that was read in the same moment as the facts: whoever keeps the answer must throw it away when the certificate
    changes after it. `unknown`: of a certificate, at least, nothing was known.
    """

    own: bytes
    shared: bytes
    authority_id: str
    version: int
    serial: str | None
    this_update: datetime
    next_update: datetime
    unknown: bool
    nonce: bool

    @property
    def repeatable(self) -> bool:
        """Whether the same answer may be given to the next who asks. What is unknown may be issued a moment later, and no feed
        tells of that."""
        return not self.nonce and not self.unknown


@dataclass(frozen=True, slots=True)
class OcspNews:
    """What changed since it was last asked: by authority the version of its status and the serials that changed up to it; None
    in their place when nobody knows any more what changed.

    `not_before` is the thisUpdate of the newest list: a clock that stands before it tells no time. `revoked` are responders
    that may not speak any more. `usable`: whether somebody can sign answers of every authority.
    """

    changes: Mapping[str, tuple[int, tuple[str, ...] | None]]
    not_before: datetime
    revoked: frozenset[str]
    usable: bool


class OcspRefusedError(Exception):
    """There is no answer; `status` says why in the protocol's own words (RFC 6960 2.3)."""

    def __init__(self, status: ResponseStatus, why: str) -> None:
        super().__init__(why)
        self.status = status
