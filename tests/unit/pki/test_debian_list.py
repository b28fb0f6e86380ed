"""The shipped list of Debian's weak keys: what it holds, that its generator is right, and that its keys are refused.

The vectors are keys that others made with the old OpenSSL itself; see tests/vectors/keys/README.md.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tools.debian_weak_keys.emulation import MACHINES, SeedFile, modulus

from directca.pki import keys
from directca.pki.errors import WeakKey
from directca.pki.keychecks import debian
from directca.pki.keys import KeyRules, RsaKey
from tests.material import rsa_key, spki_der

ROOT = Path(__file__).parents[3]
DATA = ROOT / "src" / "directca" / "pki" / "data"
VECTORS = {
    name: int(found["modulus"], 16) for name, found in json.loads((ROOT / "tests/vectors/keys/debian.json").read_text()).items()
}

SHIPPED = tuple(f"{machine.name}-{state.value}" for machine in MACHINES for state in SeedFile)
KEYS_OF_A_CLASS = 32_768
# keys of the shipped classes whose primes come early, so that computing them is quick
EARLY = ("le64-rnd-66", "le32-rnd-36", "be32-nornd-1")
PUBLISHED = [name for name in VECTORS if name.startswith(SHIPPED)]

RULES = KeyRules(
    minimum_bits=2048,
    maximum_bits=8192,
    long_life_bits=3072,
    long_life_after=datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC),
    minimum_exponent=65537,
    maximum_exponent_bits=256,
)
SOON = datetime(2027, 11, 24, tzinfo=UTC)


def key_of(number: int) -> RsaKey:
    return RsaKey(number, 65537, b"", "")


def check(number: int) -> None:
    keys.check_quality(key_of(number), rules=RULES, not_after=SOON, blocked=keys.blocked_keys())


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_weak_key_is_refused(name: str) -> None:
    with pytest.raises(WeakKey, match="Debian"):
        check(VECTORS[name])


def test_a_sound_key_is_not_on_the_list() -> None:
    check(keys.read_spki(spki_der(rsa_key())).modulus)


def test_the_list_has_every_process_id_of_every_class_it_claims() -> None:
    """And no key twice: the classes have none in common, and the list is in order, which is not looked at when it is used."""
    (shipped,) = DATA.glob("*.bin")
    assert debian.read_packed(shipped.read_bytes(), source="here") == keys.shipped_debian_keys()
    assert len(keys.shipped_debian_keys()) == KEYS_OF_A_CLASS * len(SHIPPED)


def test_what_is_written_about_the_list_is_so() -> None:
    text = (DATA / "README.md").read_text()
    for machine in MACHINES:
        for state in SeedFile:
            name = f"{machine.name}-{state.value}"
            assert (f"| {name} | yes |" in text) == (name in SHIPPED), name


# One of each machine; those that come upon their primes early.
@pytest.mark.parametrize("name", ["le64-noreadrnd-1", "le32-nornd-1", "be32-nornd-1"])
def test_the_generator_makes_the_keys_that_the_old_program_made(name: str) -> None:
    assert computed(name) == VECTORS[name]


@pytest.mark.parametrize("name", EARLY)
def test_the_list_is_what_the_generator_makes(name: str) -> None:
    assert keys.shipped_debian_keys().lists(computed(name))


def test_the_generator_writes_a_list_that_the_product_reads(tmp_path: Path) -> None:
    """Without a compiler, which only those need who make the whole list."""
    output = tmp_path / "list.bin"
    script = ROOT / "tools" / "debian_weak_keys" / "generate.py"
    machine, state, pid = EARLY[0].split("-")
    options = [
        "--reference",
        "--class",
        f"{machine}-{state}",
        "--pids",
        pid,
        pid,
        "--work",
        str(tmp_path),
        "--output",
        str(output),
    ]
    subprocess.run([sys.executable, str(script), *options], check=True, capture_output=True)
    written = debian.read_packed(output.read_bytes(), source="here")
    assert len(written) == 1
    assert set(written) <= set(keys.shipped_debian_keys())


def computed(name: str) -> int:
    machine, state, pid = name.split("-")
    return modulus(next(found for found in MACHINES if found.name == machine), SeedFile(state), int(pid))
