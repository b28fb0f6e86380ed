"""How Debian's OpenSSL, 0.9.8c-1 to 0.9.8g-8, made RSA keys: the same numbers in the same order, from the process id alone.

CVE-2008-0166: a patch took two lines out of the random number generator (`crypto/rand/md_rand.c`), those that hash what is
mixed in and what the caller's buffer held. What is left to vary is the process id, the machine's `long`, and how many octets
were mixed in before, which depends on the seed file `~/.rnd` alone. Contents no longer count anywhere below, only lengths.

Slow and plain: this is the statement of the facts, by which the fast form of it, `search.c`, is judged.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from math import gcd
from typing import Final, Literal

_STATE: Final = 1023
_DIGEST: Final = 20
_OUTPUT: Final = _DIGEST // 2
_POLLED: Final = 32  # what RAND_poll reads from /dev/urandom
_SEED_FILE: Final = 1024  # RAND_write_file writes that much, RAND_load_file adds that much
_PRIME_BITS: Final = 1024
_WITNESSES: Final = 3  # BN_prime_checks_for_size of 850 to 1299 bits
_SIEVE_PRIMES: Final = 2048  # NUMPRIMES; the first of them, 2, is not used
_EXPONENT: Final = 65537


class SeedFile(Enum):
    """What `openssl genrsa` and `openssl req` found at ~/.rnd, in the words of Debian's openssl-blacklist."""

    READ = "rnd"
    """There was a file of the usual 1024 octets."""
    UNREADABLE = "noreadrnd"
    """It could not be opened. Also: there was none, but the release came before 0.9.8f and mixed a `stat` in all the same."""
    ABSENT = "nornd"
    """There was none, and the release was 0.9.8f or later."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What of a machine the generator sees: `long` and `time_t`, its byte order, and the size of `struct stat`."""

    name: str
    long: int
    order: Literal["little", "big"]
    stat: int


MACHINES: Final = (
    Machine("le64", 8, "little", 144),
    Machine("le32", 4, "little", 88),
    Machine("be32", 4, "big", 88),
)


class Generator:
    """The random number generator of one process of that OpenSSL."""

    def __init__(self, machine: Machine, pid: int) -> None:
        self._machine = machine
        self._pid = pid.to_bytes(4, machine.order) if pid else b""  # the code takes 0 for "already mixed in"
        self._state = bytearray(_STATE + 1)  # the last octet is sometimes written and never read
        self._used = 0  # how much of the state was ever written: state_num
        self._at = 0
        self._digest = bytes(_DIGEST)
        self._drawn = 0  # md_count[0]
        self._added = 0  # md_count[1]
        self._polled = False
        self._stirred = False

    def mix_in(self, length: int) -> None:
        """RAND_add, which since the patch only counts what it is given."""
        local, at = self._digest, self._at
        for done in range(0, length, _DIGEST):
            block = min(_DIGEST, length - done)
            local = _sha1(local, self._octets(at, block, _STATE), self._counters(self._drawn, self._added))
            at = self._stir(at, local[:block], _STATE)
            self._added += 1
        self._used = max(self._used, min(self._at + length, _STATE))
        self._at = (self._at + length) % _STATE
        self._digest = bytes(mine ^ other for mine, other in zip(self._digest, local, strict=True))

    def poll(self) -> None:
        """RAND_poll: /dev/urandom, then the process, user and time as one `long` each. Done once."""
        if not self._polled:
            self._polled = True
            for length in (_POLLED, self._machine.long, self._machine.long, self._machine.long):
                self.mix_in(length)

    def draw(self, length: int) -> bytes:
        """RAND_bytes. The first call also stirs the whole state."""
        self.poll()
        if not self._stirred:
            self._stirred = True
            for _ in range(0, _STATE, _DIGEST):
                self.mix_in(_DIGEST)
        local, counters, pid = self._digest, self._counters(self._drawn, self._added), self._pid
        self._drawn += 1
        output, at = bytearray(), self._at
        for _ in range(0, length, _OUTPUT):
            local = _sha1(pid, local, counters, self._octets(at, _OUTPUT, self._used))
            pid = b""
            at = self._stir(at, local[:_OUTPUT], self._used)
            output += local[_OUTPUT:]
            self._at += _OUTPUT
        # Not reduced when equal, so that the next call may begin one past the end: it happens to the machines of 32 bits.
        if self._at > self._used:
            self._at %= self._used
        self._digest = _sha1(counters, local, self._digest)
        return bytes(output[:length])

    def number(self, bits: int) -> int:
        """What BN_rand starts from: the time is mixed in, then whole octets are drawn."""
        self.mix_in(self._machine.long)
        return int.from_bytes(self.draw(bits // 8), "big")

    def _octets(self, at: int, count: int, end: int) -> bytes:
        return bytes(self._state[(at + offset) % end] for offset in range(count))

    def _stir(self, at: int, octets: bytes, end: int) -> int:
        for octet in octets:
            self._state[at] ^= octet
            at = at + 1 if at + 1 < end else 0
        return at

    def _counters(self, drawn: int, added: int) -> bytes:
        return b"".join(count.to_bytes(self._machine.long, self._machine.order) for count in (drawn, added))


def started(machine: Machine, seed_file: SeedFile, pid: int) -> Generator:
    """The generator as app_RAND_load_file leaves it, before the first number is drawn."""
    generator = Generator(machine, pid)
    if seed_file is not SeedFile.ABSENT:
        generator.mix_in(machine.stat)
    if seed_file is SeedFile.READ:
        generator.mix_in(_SEED_FILE)
    else:
        generator.poll()  # nothing was read, so RAND_status asks for it
    return generator


def modulus(machine: Machine, seed_file: SeedFile, pid: int) -> int:
    """The modulus of the RSA-2048 key that `openssl genrsa 2048` made in this process."""
    generator = started(machine, seed_file, pid)
    return _factor(generator) * _factor(generator)


def _factor(generator: Generator) -> int:
    for prime in _primes(generator):
        if gcd(prime - 1, _EXPONENT) == 1:
            return prime
    raise AssertionError("there is always a further prime")


def _primes(generator: Generator) -> Iterator[int]:
    """BN_generate_prime_ex, again and again."""
    while True:
        candidate = _sieved(generator.number(_PRIME_BITS) | 3 << (_PRIME_BITS - 2) | 1)
        if _is_prime(candidate, generator):
            yield candidate


def _sieved(start: int) -> int:
    """probable_prime: the next odd number that, and whose predecessor, no small odd prime divides."""
    residues = [(prime, start % prime) for prime in small_primes()[1:]]
    step = 0
    while any((residue + step) % prime <= 1 for prime, residue in residues):
        step += 2
    return start + step


def _is_prime(candidate: int, generator: Generator) -> bool:
    """BN_is_prime_fasttest_ex: three rounds of Miller and Rabin, each of which draws its base.

    A composite is told by any base but a negligible share of them, so the test here takes 2; what matters is how many bases
    were drawn: one for a composite, three for a prime, and each anew until it is below the candidate (bn_rand_range).
    """
    prime = pow(2, candidate - 1, candidate) == 1
    for _ in range(_WITNESSES if prime else 1):
        while generator.number(_PRIME_BITS) >= candidate - 1:
            pass
    return prime


@cache
def small_primes() -> tuple[int, ...]:
    """The primes of OpenSSL's sieve."""
    found: list[int] = []
    number = 2
    while len(found) < _SIEVE_PRIMES:
        if all(number % prime for prime in found if prime * prime <= number):
            found.append(number)
        number += 1
    return tuple(found)


def _sha1(*parts: bytes) -> bytes:
    return hashlib.sha1(b"".join(parts), usedforsecurity=False).digest()
