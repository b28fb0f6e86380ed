"""Passwords: Argon2id (RFC 9106), and the rules of NIST SP 800-63B-4 3.1.1.2.

No rule asks for digits or signs and none for regular change; length counts, and a password that is on everybody's list, or is
made of the user's own name, is refused. Text is compared in its NFKC form, so that one password typed on two keyboards is one.
"""

import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from directca.accounts.config import PasswordConfig
from directca.accounts.people_errors import TooManyAtOnce, WeakPassword, WrongCredentials

WRONG = "The user name or the password is not right."
"""The one answer to an unknown name, a wrong password, a suspended person and a suspended account."""

ADVICE = "Check both and try again. If you are sure of both, ask the operator whether your access is suspended."
"""What to do next, whichever it was."""

_FULL = "Too many people are signing in at once. Try again in a few seconds."
_SALT_BYTES = 16
_HASH_BYTES = 32
_OBVIOUS = ("directca", "password", "passwort", "changeme", "letmein", "welcome", "qwertyuiop", "asdfghjkl", "administrator")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm")


class Passwords:
    """Makes and checks password hashes; at most `at_once` at a time, since each takes `memory_kib` of memory."""

    def __init__(self, config: PasswordConfig, random: Callable[[int], bytes]) -> None:
        self._config = config
        self._random = random
        self._hasher = PasswordHasher(
            time_cost=config.passes, memory_cost=config.memory_kib, parallelism=config.lanes, hash_len=_HASH_BYTES
        )
        self._door = threading.BoundedSemaphore(config.at_once + config.waiting)
        self._places = threading.BoundedSemaphore(config.at_once)
        # Checked when nobody has the user name, so that the answer takes the same time, from the first attempt on. Its parameters
        # are those of every hash, and its result is random bits: no password leads to it, and it costs nothing to make.
        cost = f"m={config.memory_kib},t={config.passes},p={config.lanes}"
        salt, result = _unpadded(random(_SALT_BYTES)), _unpadded(random(_HASH_BYTES))
        self._nobody = f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${result}"

    @property
    def places(self) -> int:
        """How many passwords are in hand at once at most, those that wait for their turn included."""
        return self._config.at_once + self._config.waiting

    def make_hash(self, password: str) -> str:
        """The Argon2id hash to store, with its own salt. Raises `TooManyAtOnce`."""
        with self._place():
            return self._hash(_encoded(prepared(password)))

    def verify(self, stored: str | None, password: str) -> str | None:
        """Return if the password is right, after the same work whether or not there is a stored hash.

        Gives a new hash to store when the parameters have changed since the stored one was made, else None.
        Raises `WrongCredentials`; `TooManyAtOnce` when every place stays taken.
        """
        candidate = _encoded(prepared(password))
        if len(candidate) > self._config.longest_bytes:
            candidate = b""  # too long to be anybody's; the work is done all the same
        try:
            with self._place():
                self._hasher.verify(stored or self._nobody, candidate)
                # In the same place: a second one might be refused, which would tell that the password was right.
                rehashed = self._hash(candidate) if stored and self._hasher.check_needs_rehash(stored) else None
        except (VerificationError, InvalidHashError) as error:
            raise WrongCredentials(f"{WRONG} {ADVICE}") from error
        if stored is None:
            raise WrongCredentials(f"{WRONG} {ADVICE}")
        return rehashed

    def check_rules(self, password: str, username: str) -> None:
        """Raise `WeakPassword`, saying what to change, unless the password may be given to this person."""
        text = prepared(password)
        if len(_encoded(text)) > self._config.longest_bytes:
            raise WeakPassword(f"Choose a password of at most {self._config.longest_bytes} bytes.", field="password")
        if len(text) < self._config.shortest:
            raise WeakPassword(f"Choose a password of at least {self._config.shortest} characters.", field="password")
        if any(unicodedata.category(char) == "Cc" for char in text):
            raise WeakPassword("Choose a password without control characters.", field="password")
        if _is_guessable(text.casefold(), username.casefold()):
            raise WeakPassword(
                "Choose a password that is harder to guess: no repetition, no row of keys, no user name, no common word.",
                field="password",
            )

    def _hash(self, encoded: bytes) -> str:
        return self._hasher.hash(encoded, salt=self._random(_SALT_BYTES))

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the places; a bounded number waits for it, for a bounded time."""
        if not self._door.acquire(blocking=False):
            raise TooManyAtOnce(_FULL, retry_after=5)
        try:
            if not self._places.acquire(timeout=self._config.wait_seconds):
                raise TooManyAtOnce(_FULL, retry_after=5)
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._door.release()


def prepared(password: str) -> str:
    """The password in the form that is hashed: NFKC, as SP 800-63B-4 asks."""
    return unicodedata.normalize("NFKC", password)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _unpadded(raw: bytes) -> str:
    return b64encode(raw).rstrip(b"=").decode()


def _is_guessable(text: str, username: str) -> bool:
    """Whether little is left once repetitions, rows of keys, common words and the user's own name are taken away."""
    if text in (text + text)[1:-1]:  # one unit repeated
        return True
    rest = text
    for word in (username, username.partition("@")[0], *_OBVIOUS):
        if len(word) >= 4:
            rest = rest.replace(word, "")
    for row in _ROWS:
        for run in (row, row[::-1]):
            rest = _without_runs(rest, run)
    return len(set(rest)) < 5


def _without_runs(text: str, row: str) -> str:
    """The text without its stretches of five or more neighbours of a row."""
    kept = []
    position = 0
    while position < len(text):
        length = 0
        while position + length < len(text) and text[position : position + length + 1] in row:
            length += 1
        if length >= 5:
            position += length
        else:
            kept.append(text[position])
            position += 1
    return "".join(kept)
