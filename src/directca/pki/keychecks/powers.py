"""Moduli that are a power of one number, so that a root splits them (SP 800-89 5.3.3).

Taking every root of a 2048-bit modulus costs milliseconds. But a k-th power is a k-th power modulo any prime q, and where k
divides q - 1, only about one remainder in k is one. So a few short remainders rule out nearly every k, and a root is
taken only of what is left. The answer is exact.
"""

from collections.abc import Iterable
from functools import cache
from math import isqrt, prod
from typing import Final, NamedTuple

from directca.pki.keychecks.factors import floor_root, primes_below

# At one false alarm in k each, three primes leave next to nothing to take roots of.
_PRIMES_ASKED: Final = 3
_GROUP: Final = 16
_EXPONENTS_BELOW: Final = 2_048  # a 16384-bit modulus without factors below 512 is at most a 1820th power


class _Question(NamedTuple):
    """A prime, and the remainders that k-th powers leave modulo it."""

    prime: int
    powers: frozenset[int]


class _Group(NamedTuple):
    """Some exponents with their questions, and the product of all their primes.

    One long division by the product leaves a short number; the many small divisions are done on that.
    """

    product: int
    exponents: tuple[tuple[int, tuple[_Question, ...]], ...]


def is_power(modulus: int, smallest_base: int) -> bool:
    """Whether the modulus is b^k for a k > 1 and a b that has no prime factor below `smallest_base` (at least 512)."""
    if floor_root(modulus) ** 2 == modulus:
        return True
    largest_exponent = modulus.bit_length() // (smallest_base.bit_length() - 1)
    for number in range(len(_exponents())):
        product, exponents = _group(number)
        remainder = modulus % product
        for k, ((prime, powers), *more) in exponents:
            if k > largest_exponent:
                return False
            # The first question answers nearly all, so it is asked here: a call would triple the time of this innermost loop.
            if remainder % prime in powers and _may_be_power(remainder, more) and _is_power_of(modulus, k):
                return True
    return False


def _may_be_power(remainder: int, questions: Iterable[_Question]) -> bool:
    return all(remainder % prime in powers for prime, powers in questions)


def _is_power_of(number: int, k: int) -> bool:
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
    """One group with its questions, worked out when a modulus is first long enough to need it."""
    exponents = tuple((k, _questions(k)) for k in _exponents()[number])
    return _Group(prod({ask.prime for _, asked in exponents for ask in asked}), exponents)


def _questions(k: int) -> tuple[_Question, ...]:
    found: list[_Question] = []
    q = 1
    while len(found) < _PRIMES_ASKED:
        q += 2 * k
        if all(q % factor for factor in range(3, isqrt(q) + 1, 2)):
            found.append(_Question(q, _powers(k, q)))
    return tuple(found)


def _powers(k: int, q: int) -> frozenset[int]:
    """The k-th powers modulo the prime q: zero, and the subgroup of order (q - 1) / k, which is cyclic."""
    order = (q - 1) // k
    subgroups = ({pow(base, k * exponent, q) for exponent in range(order)} for base in range(2, q))
    return frozenset({0}) | next(group for group in subgroups if len(group) == order)
