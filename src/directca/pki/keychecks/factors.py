"""Moduli with a small factor, and moduli whose two factors stand too close together (SP 800-89 5.3.3, BR 6.1.1.3).

A key that fails here was made by a faulty generator, or on purpose. Both checks are exact: what they look for is always
found, and nothing sound is ever refused.
"""

from functools import cache, lru_cache
from math import gcd, isqrt, prod
from typing import Final

# What squares leave modulo small numbers: 3 of 16 candidates pass the first sieve, 1 of 22 of those the second.
_SQUARES_MOD_64: Final = frozenset(value * value % 64 for value in range(64))
_SIEVE: Final = 63 * 65 * 11
_SQUARES_MOD_SIEVE: Final = frozenset(value * value % _SIEVE for value in range(_SIEVE))
_BOTH_SIEVES: Final = 64 * _SIEVE


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
    # Both sieves need no more than remainders, so the long numbers stay out of the loop.
    rest, step = (middle * middle - modulus) % _BOTH_SIEVES, (2 * middle + 1) % _BOTH_SIEVES
    for number in range(rounds):
        if rest & 63 in _SQUARES_MOD_64 and rest % _SIEVE in _SQUARES_MOD_SIEVE and _is_square((middle + number) ** 2 - modulus):
            return True
        rest += step
        step += 2
    return False


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
