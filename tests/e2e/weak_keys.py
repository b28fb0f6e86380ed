"""Keys that somebody else can find out, with their private halves: what an attacker, or a broken tool, would send in a request.

No library makes or uses such keys, so the signature (RSASSA-PKCS1-v1_5, RFC 8017 8.2) is worked out here by hand.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from math import prod

from tests.material import csr_der, rsa_key, rsa_spki

_EXPONENT = 65537
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_ROCA_PRIMES = 126  # as many as the flawed chips took for 2048 bits: section 2 of the paper that `keychecks/roca.py` names


@dataclass(frozen=True)
class WeakKey:
    """Modulus, public and private exponent."""

    modulus: int
    exponent: int
    private: int

    def request(self, common_name: str) -> bytes:
        """A certification request in DER that this key has signed."""
        encoded = self.modulus.to_bytes(self.modulus.bit_length() // 8 + 1, "big")
        spki = rsa_spki(encoded, self.exponent.to_bytes(self.exponent.bit_length() // 8 + 1, "big"))
        unsigned = csr_der(common_name, rsa_key(), public_key=spki, signature=b"\0")
        return csr_der(common_name, rsa_key(), public_key=spki, signature=self._sign(_first_element(unsigned)))

    def _sign(self, message: bytes) -> bytes:
        size = (self.modulus.bit_length() + 7) // 8
        digest = _SHA256_INFO + hashlib.sha256(message).digest()
        padded = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
        return pow(int.from_bytes(padded, "big"), self.private, self.modulus).to_bytes(size, "big")


def exponent_three() -> WeakKey:
    """A sound modulus with the exponent 3."""
    return next(_key(p, q, 3) for p, q in _sound_primes() if (p - 1) % 3 and (q - 1) % 3)


def close_primes() -> WeakKey:
    """Two primes so near each other that Fermat's method finds them at once."""
    p, _ = next(_sound_primes())
    return _key(p, _next_prime(p + (secrets.randbits(256) << 2)))


def a_square() -> WeakKey:
    """One prime, twice."""
    p, _ = next(_sound_primes())
    return WeakKey(p * p, _EXPONENT, pow(_EXPONENT, -1, p * (p - 1)))


def a_small_factor() -> WeakKey:
    """A modulus that trial division splits."""
    p, q = next(_sound_primes())
    return WeakKey(p * q * 751, _EXPONENT, pow(_EXPONENT, -1, (p - 1) * (q - 1) * 750))


@cache
def roca() -> WeakKey:
    """A key as the chips of CVE-2017-15361 make it."""
    product = prod(_small_primes(_ROCA_PRIMES))

    def prime() -> int:
        while True:
            found = ((1 << 51) + secrets.randbits(51)) * product + pow(_EXPONENT, secrets.randbits(64), product)
            if _is_prime(found):
                return found

    return _key(prime(), prime())


WEAK: dict[str, Callable[[], WeakKey]] = {
    "exponent 3": exponent_three,
    "close primes": close_primes,
    "square": a_square,
    "small factor": a_small_factor,
    "ROCA": roca,
}


def _key(p: int, q: int, exponent: int = _EXPONENT) -> WeakKey:
    return WeakKey(p * q, exponent, pow(exponent, -1, (p - 1) * (q - 1)))


def _sound_primes() -> Iterator[tuple[int, int]]:
    for number in count(6_900):
        numbers = rsa_key(number).private_numbers()
        yield numbers.p, numbers.q


def _first_element(sequence: bytes) -> bytes:
    """The first of the two-octet-length elements of a SEQUENCE of the same kind: what a request's signature is over."""
    assert (sequence[1], sequence[5]) == (0x82, 0x82)
    return sequence[4 : 8 + int.from_bytes(sequence[6:8], "big")]


def _small_primes(many: int) -> list[int]:
    found: list[int] = []
    candidates = count(2)
    while len(found) < many:
        candidate = next(candidates)
        if all(candidate % known for known in found):
            found.append(candidate)
    return found


def _next_prime(number: int) -> int:
    return next(one for one in count(number | 1, 2) if _is_prime(one))


def _is_prime(number: int) -> bool:
    """Fermat's test to two bases: numbers that pass and are none do not occur here by chance."""
    if any(number % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)):
        return False
    return all(pow(base, number - 1, number) == 1 for base in (2, 3))
