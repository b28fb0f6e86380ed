"""Compute Debian's weak RSA-2048 keys (CVE-2008-0166) and pack them for `directca.pki.keychecks.debian`.

    python tools/debian_weak_keys/generate.py --work FOLDER --output src/directca/pki/data/debian-weak-rsa-2048.bin

A class is a machine (le64, le32, be32) and a state of the seed file (rnd, nornd, noreadrnd), 32,768 keys each, about ten
minutes of one core. Whatever was computed stays in the work folder: an interrupted run goes on where it was. Needs a C
compiler, GMP, libcrypto and AVX2; `--reference` computes with the plain Python of emulation.py instead, at about a second a key.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from emulation import MACHINES, Machine, SeedFile, modulus
from published import verdicts

HERE = Path(__file__).resolve().parent
LAST_PID = 32_767
CHUNK = 512
MAGIC = b"DWK1"
# fermat.c rounds toward zero and counts on each operation being rounded as it is written.
EXACT = ("-frounding-math", "-ffp-contract=off")


@dataclass(frozen=True, slots=True)
class KeyClass:
    """The keys of one machine with one state of the seed file: one for each process id."""

    machine: Machine
    seed_file: SeedFile

    @property
    def name(self) -> str:
        """As in `le64-rnd`."""
        return f"{self.machine.name}-{self.seed_file.value}"


CLASSES = {found.name: found for found in (KeyClass(machine, state) for machine in MACHINES for state in SeedFile)}


@dataclass(frozen=True, slots=True)
class Workshop:
    """The folder where moduli are kept, and the program that computes them (None: the reference does)."""

    folder: Path
    program: Path | None

    def moduli(self, wanted: KeyClass, pids: range) -> dict[int, int]:
        """The modulus for each process id, computed now or read from the folder."""
        found: dict[int, int] = {}
        for first in range(pids.start, pids.stop, CHUNK):
            found |= self._chunk(wanted, range(first, min(first + CHUNK, pids.stop)))
        return found

    def _chunk(self, wanted: KeyClass, pids: range) -> dict[int, int]:
        kept = self.folder / wanted.name / f"{pids.start}-{pids.stop - 1}.txt"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            unfinished = kept.with_suffix(".part")
            unfinished.write_text("".join(f"{line}\n" for line in self._computed(wanted, pids)))
            unfinished.rename(kept)
            _tell(f"{wanted.name}: {pids.stop - 1}")
        pairs = [(int(pid), int(number, 16)) for pid, number in map(str.split, kept.read_text().splitlines())]
        if sorted(pid for pid, _ in pairs) != list(pids) or any(number.bit_length() != 2048 for _, number in pairs):
            raise SystemExit(f"{kept} is not what was to be computed. Delete it and run this again.")
        return dict(pairs)

    def _computed(self, wanted: KeyClass, pids: range) -> Iterable[str]:
        if self.program is None:
            return (f"{pid} {modulus(wanted.machine, wanted.seed_file, pid):X}" for pid in pids)
        machine, seed_file = wanted.machine, wanted.seed_file
        stat = 0 if seed_file is SeedFile.ABSENT else machine.stat
        setting = [str(machine.long), machine.order, str(stat), str(int(seed_file is SeedFile.READ))]
        command = [str(self.program), *setting, str(pids.start), str(pids.stop - 1)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()  # noqa: S603 - ours, built here


def packed(moduli: Iterable[int]) -> bytes:
    """The packed form: the magic and the fingerprints, ascending."""
    return MAGIC + b"".join(sorted({fingerprint(number)[-10:] for number in moduli}))


def fingerprint(number: int) -> bytes:
    """SHA-1 of what `openssl rsa -modulus` prints, as in Debian's openssl-blacklist."""
    return hashlib.sha1(f"Modulus={number:X}\n".encode(), usedforsecurity=False).digest()


def built(folder: Path) -> Path:
    """Compile the program into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "search"
    sources = [str(HERE / "search.c"), str(HERE / "fermat.c")]
    compiler = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-std=gnu11", "-Wall", "-Wextra", *EXACT]
    subprocess.run([*compiler, *sources, "-o", str(program), "-lgmp", "-lcrypto"], check=True)  # noqa: S603 - the user's own compiler
    return program


def main() -> None:
    """Compute what is missing, pack it, and compare it with what others published."""
    arguments = _arguments()
    workshop = Workshop(arguments.work, None if arguments.reference else built(arguments.work))
    pids = range(arguments.pids[0], arguments.pids[1] + 1)
    chosen = [CLASSES[name] for name in arguments.classes or CLASSES]
    moduli = {(key.machine.name, key.seed_file): workshop.moduli(key, pids) for key in chosen}
    for verdict in verdicts(moduli) if len(pids) == LAST_PID + 1 else ():
        _tell(verdict)
    data = packed(_all(moduli.values()))
    if arguments.output:
        arguments.output.write_bytes(data)
    _tell(f"{(len(data) - len(MAGIC)) // 10} keys of {', '.join(key.name for key in chosen)}")
    _tell(f"SHA-256 {hashlib.sha256(data).hexdigest()}")


def _all(groups: Iterable[dict[int, int]]) -> Iterator[int]:
    for group in groups:
        yield from group.values()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder that keeps the moduli computed so far")
    parser.add_argument("--class", dest="classes", action="append", choices=CLASSES, help="only this class; may be repeated")
    parser.add_argument("--pids", type=int, nargs=2, default=(0, LAST_PID), metavar=("FIRST", "LAST"), help="default 0 32767")
    parser.add_argument("--reference", action="store_true", help="compute with emulation.py: slow, needs no compiler")
    parser.add_argument("--output", type=Path, help="where to write the packed list")
    return parser.parse_args()


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
