"""Comparison with the complete lists that others computed with the old OpenSSL itself, without holding a copy of them.

The repositories CVE-2008-0166/openssl_blocklists and CVE-2008-0166/dwk_blocklists publish the fingerprints of every RSA-2048
key of the nine classes. Git names a file by a hash of its content, so writing our keys in the form of theirs and hashing
that tells whether all of them are equal.
"""

import hashlib
from collections.abc import Iterator, Mapping

from emulation import SeedFile

Moduli = Mapping[tuple[str, SeedFile], Mapping[int, int]]

# Blob `<machine>/blocklist-2048.db`: all three classes of a machine; and how that list writes the machine's name.
BLOCKLISTS = {
    "le64": ("x86_64", "7fc9247036477dcbd756faa96ce831183a938b8f"),
    "le32": ("i386", "a81e836860d6b211df59eaa50d4c7df325ee0418"),
    "be32": ("ppc64", "8637890378be7edc0780b552fd7157bb37ca6549"),
}
# Blob `sha256_modulus_2048.csv`: all nine classes.
ALL = "eac5586826afce0c62e764fc0f95f1cb575f5504"
# How that list orders the states of the seed file.
STATES = (SeedFile.READ, SeedFile.ABSENT, SeedFile.UNREADABLE)


def verdicts(moduli: Moduli) -> Iterator[str]:
    """A sentence for each published list whose classes are all there."""
    for machine, (name, blob) in BLOCKLISTS.items():
        if all((machine, state) in moduli for state in STATES):
            lines = (
                f"2048 {pid} {state.value} {name} {_sha1(number)}"
                for state in STATES
                for pid, number in sorted(moduli[machine, state].items())
            )
            yield _verdict(f"{machine}/blocklist-2048.db", lines, blob)
    if len(moduli) == len(BLOCKLISTS) * len(STATES):
        digests = (
            hashlib.sha256(number.to_bytes(256, "big")).hexdigest() for keys in moduli.values() for number in keys.values()
        )
        yield _verdict("sha256_modulus_2048.csv", sorted(digests), ALL)


def _verdict(name: str, lines: Iterator[str] | list[str], blob: str) -> str:
    content = "".join(f"{line}\n" for line in lines).encode()
    ours = hashlib.sha1(b"blob %d\x00" % len(content) + content, usedforsecurity=False).hexdigest()
    return f"{name}: {'equal, key for key' if ours == blob else f'NOT EQUAL, ours is {ours}'}"


def _sha1(number: int) -> str:
    return hashlib.sha1(f"Modulus={number:X}\n".encode(), usedforsecurity=False).hexdigest()
