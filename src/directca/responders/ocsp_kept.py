"""OCSP answers that were signed and are given again, until their certificate's status changes or they grow old.

The event loop looks answers up without a lock; whatever changes the store holds one. A process keeps so many, and so many octets
of them, and forgets the oldest first, so that questions about ever other certificates cost time and never more memory.

Whoever asks chooses the key, and may pad it: with a requestorName, a signature, an extension nobody knows (RFC 6960 4.1.1). So
only what is as short as an honest request is kept, in few forms for each certificate: padding pushes out its own kind alone.
"""

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from directca.revocation.ocsp_model import OcspAnswer

MOST_KEPT = 131_072
MOST_OCTETS = 240 * 1024 * 1024
"""What a process keeps at most: requests, answers and their headers, and what Python needs to hold them."""

LONGEST_REQUEST = 512
"""The longest request whose answer is kept. With a serviceLocator, as NSS sends it, there are some two hundred octets."""

MOST_FORMS = 8
"""In how many forms a question about one certificate is kept: two hashes, with parameters or not, with a locator or not."""

_HELD = 1000
"""What each answer that is kept costs beside its octets."""

MAX_AGE = 45
"""Seconds for which others may repeat an answer: with the feed's, a change is visible everywhere within a minute."""

Header = tuple[bytes, bytes]
TYPE = (b"content-type", b"application/ocsp-response")


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer, with its HTTP headers: `head` is all of them as they are written, while others may repeat it for `MAX_AGE`.

    From `full_age_until` on they may for less; from `remake_at` on a new one is made in the background.
    """

    own: bytes
    shared: bytes
    headers: tuple[Header, ...]
    head: bytes
    this_update: datetime
    remake_at: datetime
    full_age_until: datetime
    until: datetime
    serial: str


class KeptAnswers:
    """By the request's own bytes, so that a hit reads nothing of it."""

    def __init__(self, most: int = MOST_KEPT, most_octets: int = MOST_OCTETS) -> None:
        self._most, self._most_octets = most, most_octets
        self._by_request: dict[bytes, Kept] = {}
        self._requests_of: dict[str, tuple[bytes, ...]] = {}  # oldest first, MOST_FORMS at most
        self._seen: dict[str, int] = {}
        self._changing = threading.Lock()
        self.octets = 0
        self.find = self._by_request.get
        """The answer to a request, None when there is none."""

    def __len__(self) -> int:
        return len(self._by_request)

    def keep(self, request: bytes, answer: OcspAnswer) -> Kept | None:
        """Keep an answer that may be repeated; None when it may not be, or is not worth its room.

        One whose facts are older than the last news that was told may be about a certificate that they named: it is not kept.
        News to come will name what changed after its facts were read.
        """
        if answer.serial is None or not answer.repeatable or len(request) > LONGEST_REQUEST:
            return None
        made = kept_form(answer)
        with self._changing:
            if answer.version < self._seen.get(answer.authority_id, 0):
                return None
            self._drop(request)
            forms = self._requests_of.get(answer.serial, ())
            if len(forms) >= MOST_FORMS:
                self._drop(forms[0])
            octets = _held(request, made)
            while self._by_request and (len(self) >= self._most or self.octets + octets > self._most_octets):
                self._drop(next(iter(self._by_request)))
            self._by_request[request] = made
            self._requests_of[answer.serial] = (*self._requests_of.get(answer.serial, ()), request)
            self.octets += octets
        return made

    def changed(self, authority_id: str, version: int, serials: Iterable[str]) -> None:
        """Forget what is about certificates whose status changed, up to a version of the authority's status."""
        with self._changing:
            self._seen[authority_id] = version
            for serial in serials:
                for request in self._requests_of.get(serial, ()):
                    self._drop(request)

    def clear(self) -> None:
        """Forget everything."""
        with self._changing:
            self._by_request.clear()
            self._requests_of.clear()
            self.octets = 0

    def _drop(self, request: bytes) -> None:
        dropped = self._by_request.pop(request, None)
        if dropped is None:
            return
        self.octets -= _held(request, dropped)
        left = tuple(one for one in self._requests_of[dropped.serial] if one != request)
        if left:
            self._requests_of[dropped.serial] = left
        else:
            del self._requests_of[dropped.serial]


def _held(request: bytes, kept: Kept) -> int:
    """What it costs to keep an answer: not the responder's certificate, which is one object for all."""
    return len(request) + len(kept.own) + len(kept.head) + _HELD


def kept_form(answer: OcspAnswer) -> Kept:
    """The answer with its headers: RFC 5019 6.2 recommends the SHA-1 of the response as its tag, which protects nothing."""
    digest = hashlib.sha1(answer.own, usedforsecurity=False)
    digest.update(answer.shared)
    headers = (
        TYPE,
        _length(len(answer.own) + len(answer.shared)),
        (b"etag", f'"{digest.hexdigest()}"'.encode()),
        _http_date(b"last-modified", answer.this_update),
        _http_date(b"expires", answer.next_update),
    )
    return Kept(
        own=answer.own,
        shared=answer.shared,
        headers=headers,
        head=b"".join([b"%s: %s\r\n" % pair for pair in (*headers, cache_control(MAX_AGE))]),
        this_update=answer.this_update,
        remake_at=answer.this_update + (answer.next_update - answer.this_update) / 2,
        full_age_until=answer.next_update - timedelta(seconds=MAX_AGE),
        until=answer.next_update,
        serial=answer.serial or "",
    )


@lru_cache(maxsize=64)
def cache_control(seconds: int) -> Header:
    """For how long others may repeat an answer."""
    return b"cache-control", b"max-age=%d, public, no-transform, must-revalidate" % seconds


# Remembered: answers that are made in the same second, or are of the same length, share one object.
@lru_cache(maxsize=256)
def _http_date(name: bytes, moment: datetime) -> Header:
    return name, format_datetime(moment, usegmt=True).encode()


@lru_cache(maxsize=256)
def _length(octets: int) -> Header:
    return b"content-length", b"%d" % octets
