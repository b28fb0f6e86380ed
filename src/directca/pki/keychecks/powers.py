"""Moduli that are a power of one number, so that a root splits them (SP 800-89 5.3.3).

Taking every root of a 2048-bit modulus costs milliseconds. But a k-th power is a k-th power modulo any prime q, and where k
divides q - 1, only about one remainder in k is one. So a few short remainders rule out nearly every k, and a root is
taken only of what is left. The answer is exact.
"""

from functools import cache
from math import isqrt, prod
from typing import Final, NamedTuple

from directca.pki.keychecks.factors import floor_root, primes_below

# At one false alarm in k each, three primes leave next to nothing to take roots of.
_PRIMES_ASKED: Final = 3
_GROUP: Final = 48  # as many as a modulus of 2048 bits needs
_EXPONENTS_BELOW: Final = 2_048  # a 16384-bit modulus without factors below 512 is at most a 1820th power


class _Sieve(NamedTuple):
    """A prime, and which exponents of a group it does not rule out, as bits: few different numbers, and for each remainder the
    place of its own. One octet for each remainder, so that all sieves together stay near the processor."""

    prime: int
    places: bytes
    passing: tuple[int, ...]


class _Group(NamedTuple):
    """The sieves that some exponents have to pass, at least one each, and the product of the sieves' primes.

    One long division by the product leaves a short number; the many small divisions are done on that.
    """

    everything: int
    product: int
    sieves: tuple[_Sieve, ...]


def is_power(modulus: int, smallest_base: int) -> bool:
    """Whether the modulus is b^k for a k > 1 and a b that has no prime factor below `smallest_base` (at least 512)."""
    if floor_root(modulus) ** 2 == modulus:
        return True
    largest_exponent = modulus.bit_length() // (smallest_base.bit_length() - 1)
    for number, exponents in enumerate(_exponents()):
        if exponents[0] > largest_exponent:
            break
        left = _left(modulus, _group(number))
        while left:
            place = left.bit_length() - 1
            if _is_power_of(modulus, exponents[place]):
                return True
            left ^= 1 << place
    return False


def _left(modulus: int, group: _Group) -> int:
    """The exponents of the group that pass its sieves, as bits."""
    remainder = modulus % group.product
    left = group.everything
    for prime, places, passing in group.sieves:
        left &= passing[places[remainder % prime]]
    return left


def _is_power_of(number: int, k: int) -> bool:
    if any(number % prime not in _powers(k, prime) for prime in _primes(k)):
        return False
    root = 1 << -(-number.bit_length() // k)  # not below the root, so that Newton's method falls to it
    while True:
        better = ((k - 1) * root + number // root ** (k - 1)) // k
        if better >= root:
            return bool(root**k == number)
        root = better


@cache
def _exponents() -> tuple[tuple[int, ...], ...]:
    """The odd primes that can be exponents, in groups. A power of any other number is a power of one of these, or a square."""
    exponents = [k for k in primes_below(_EXPONENTS_BELOW) if k > 2]
    return tuple(tuple(exponents[at : at + _GROUP]) for at in range(0, len(exponents), _GROUP))


@cache
def _group(number: int) -> _Group:
    """One group with its sieves, worked out when a modulus is first long enough to need it."""
    exponents = _exponents()[number]
    primes: list[int] = []
    for k in reversed(exponents):  # the prime of a large one often serves some small ones too
        if all((prime - 1) % k for prime in primes):
            primes.append(_primes(k)[0])
    return _Group((1 << len(exponents)) - 1, prod(primes), tuple(_sieve(prime, exponents) for prime in primes))


def _sieve(prime: int, exponents: tuple[int, ...]) -> _Sieve:
    ruled_out = [0] * prime
    for place, k in enumerate(exponents):
        if (prime - 1) % k == 0:
            for remainder in frozenset(range(prime)) - _powers(k, prime):
                ruled_out[remainder] |= 1 << place
    kinds = sorted(set(ruled_out))  # 2 for each exponent that divides prime - 1, multiplied: far from 256
    return _Sieve(prime, bytes(map(kinds.index, ruled_out)), tuple(~bits for bits in kinds))


@cache
def _primes(k: int) -> tuple[int, ...]:
    """The first few primes q for which k divides q - 1."""
    found: list[int] = []
    q = 1
    while len(found) < _PRIMES_ASKED:
        q += 2 * k
        if all(q % factor for factor in range(3, isqrt(q) + 1, 2)):
            found.append(q)
    return tuple(found)


@cache
def _powers(k: int, q: int) -> frozenset[int]:
    """The k-th powers modulo the prime q: zero, and the subgroup of order (q - 1) / k, which is cyclic."""
    order = (q - 1) // k
    subgroups = ({pow(base, k * exponent, q) for exponent in range(order)} for base in range(2, q))
    return frozenset({0}) | next(group for group in subgroups if len(group) == order)
