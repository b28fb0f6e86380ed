"""ROCA, CVE-2017-15361: keys of a widespread chip library, recognizable by their modulus and factored since.

Nemec, Sys, Svenda, Klinec, Matyas, "The Return of Coppersmith's Attack" (CCS 2017), section 2: each prime has the form
k * M + (65537^a mod M), M the product of the first primes. So the modulus is a power of 65537 modulo M: modulo each prime of
M it lies in the subgroup that 65537 generates, and one exponent serves them all. The smallest keys use the primes up to 167;
larger keys use more, so these serve for every size.
"""

from math import gcd
from typing import Final

from directca.pki.keychecks.factors import primes_below

_GENERATOR: Final = 65537
_LARGEST_PRIME: Final = 167


def _exponents(prime: int) -> dict[int, int]:
    """The discrete logarithms, base 65537, of everything that 65537 generates modulo the prime."""
    logarithms: dict[int, int] = {}
    power = 1
    while power not in logarithms:
        logarithms[power] = len(logarithms)
        power = power * _GENERATOR % prime
    return logarithms


# Smallest share of its group first: a sound key drops out after one or two remainders.
_LOGARITHMS: Final = tuple(
    sorted(
        ((prime, _exponents(prime)) for prime in primes_below(_LARGEST_PRIME + 1) if prime > 2),
        key=lambda entry: len(entry[1]) / entry[0],
    )
)


def has_roca_fingerprint(modulus: int) -> bool:
    """Whether one exponent makes the modulus a power of 65537 modulo every prime of the structure.

    A vulnerable key always has the fingerprint; a sound one has it by chance less than once in 2^60 keys.
    """
    exponent, order = 0, 1
    for prime, logarithms in _LOGARITHMS:
        logarithm = logarithms.get(modulus % prime)
        if logarithm is None:
            return False
        # The Chinese remainder: do the exponents found so far and this one have a common solution?
        common = gcd(order, len(logarithms))
        if (logarithm - exponent) % common:
            return False
        lifted = len(logarithms) // common
        step = (logarithm - exponent) // common * pow(order // common, -1, lifted) % lifted
        exponent, order = exponent + order * step, order * lifted
    return True
