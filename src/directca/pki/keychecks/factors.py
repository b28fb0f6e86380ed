"""Moduli with a small factor, and moduli whose two factors stand too close together (SP 800-89 5.3.3, BR 6.1.1.3).

A key that fails here was made by a faulty generator, or on purpose. Both checks are exact: what they look for is always
found, and nothing sound is ever refused.
"""

from functools import cache, lru_cache
from math import gcd, isqrt, prod
from typing import Final

# What squares leave modulo small numbers: of 170 candidates, one passes all of these sieves.
_SIEVES: Final = (16, 9, 5, 7, 11, 13, 17)
_ALL_SIEVES: Final = prod(_SIEVES)
_SQUARES: Final = {sieve: frozenset(value * value % sieve for value in range(sieve)) for sieve in _SIEVES}


def has_factor_below(modulus: int, bound: int) -> bool:
    """Whether a prime smaller than `bound` divides the modulus."""
    primorial = _primorial(bound)
    return gcd(modulus % primorial, primorial) != 1


@lru_cache(maxsize=16)
def floor_root(modulus: int) -> int:
    """The whole part of the square root, which two checks ask for."""
    return isqrt(modulus)


def has_close_primes(modulus: int, rounds: int) -> bool:
    """Whether Fermat's method splits the odd modulus within `rounds` steps: p and q so close that anybody finds them."""
    middle = floor_root(modulus)
    if middle * middle < modulus:
        middle += 1
    # All rounds pass each sieve at once, and the long numbers stay out of it.
    rest, step = (middle * middle - modulus) % _ALL_SIEVES, (2 * middle + 1) % _ALL_SIEVES
    left = (1 << rounds) - 1
    for sieve in _SIEVES:
        left &= _squares(sieve, rest % sieve, step % sieve, rounds)
    return any(left >> number & 1 and _is_square((middle + number) ** 2 - modulus) for number in range(left.bit_length()))


@cache
def _squares(sieve: int, rest: int, step: int, rounds: int) -> int:
    """The numbers n below `rounds`, as bits, for which rest + n * step + n * (n - 1) is a square modulo the sieve."""
    return sum(1 << n for n in range(rounds) if (rest + n * step + n * (n - 1)) % sieve in _SQUARES[sieve])


@cache
def primes_below(bound: int) -> tuple[int, ...]:
    """The primes smaller than `bound`, by the sieve."""
    sieve = bytearray(b"\x01") * max(bound, 2)
    sieve[0:2] = b"\x00\x00"
    for number in range(2, isqrt(bound) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, len(sieve), number)))
    return tuple(number for number in range(bound) if sieve[number])


@cache
def _primorial(bound: int) -> int:
    return prod(primes_below(bound))


def _is_square(number: int) -> bool:
    return isqrt(number) ** 2 == number
