"""Key quality: a key with each weakness is refused for that weakness, and sound keys pass."""

import json
import random
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isqrt, prod
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from directca.errors import Unavailable
from directca.pki import keys
from directca.pki.errors import BlocklistDamaged, WeakKey
from directca.pki.keychecks import debian, factors, powers, roca
from directca.pki.keys import BlockedKeys, KeyRules, RsaKey
from tests.material import rsa_key, spki_der

MODULI = json.loads((Path(__file__).parents[2] / "vectors" / "keys" / "moduli.json").read_text())

RULES = KeyRules(
    minimum_bits=2048,
    maximum_bits=8192,
    long_life_bits=3072,
    long_life_after=datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC),
    minimum_exponent=65537,
    maximum_exponent_bits=256,
)
SOON = datetime(2027, 11, 24, tzinfo=UTC)
NONE_BLOCKED = BlockedKeys(debian.read_text(b"", source="nowhere"))


def good_key() -> RsaKey:
    return keys.read_spki(spki_der(rsa_key()))


def key_of(modulus: int, exponent: int = 65537) -> RsaKey:
    return replace(good_key(), modulus=modulus, exponent=exponent)


def modulus_of(name: str) -> int:
    return int(MODULI[name]["modulus"], 16)


def prime() -> int:
    """A prime of 1024 bits."""
    return rsa_key().private_numbers().p


def check(key: RsaKey, not_after: datetime = SOON, blocked: BlockedKeys = NONE_BLOCKED) -> None:
    keys.check_quality(key, rules=RULES, not_after=not_after, blocked=blocked)


def refusal(key: RsaKey, not_after: datetime = SOON, blocked: BlockedKeys = NONE_BLOCKED) -> str:
    with pytest.raises(WeakKey) as refused:
        check(key, not_after, blocked)
    assert refused.value.slug == "weak_key"
    return refused.value.detail


class TestSoundKeys:
    @pytest.mark.parametrize("number", range(3))
    def test_a_new_key_passes(self, number: int) -> None:
        check(keys.read_spki(spki_der(rsa_key(number))), blocked=keys.blocked_keys())

    def test_a_new_key_of_3072_bits_passes_for_long(self) -> None:
        check(keys.read_spki(spki_der(rsa_key(bits=3072))), RULES.long_life_after + timedelta(days=365))

    def test_a_sound_key_of_the_roca_collection_passes(self) -> None:
        check(key_of(modulus_of("sound-2048")))

    def test_no_list_of_checks_is_empty(self) -> None:
        assert len(keys.CHECKS) == 9


class TestSize:
    @pytest.mark.parametrize("bits", [1024, 2047, 8193])
    def test_too_short_and_too_long_are_refused(self, bits: int) -> None:
        assert f"{bits} bits" in refusal(key_of((1 << bits) - 1))

    def test_a_long_life_needs_a_long_key(self) -> None:
        check(good_key(), RULES.long_life_after)
        detail = refusal(good_key(), RULES.long_life_after + timedelta(seconds=1))
        assert "3072" in detail
        assert "2030-12-31" in detail

    def test_3071_bits_are_not_3072(self) -> None:
        assert "3072" in refusal(key_of((1 << 3071) - 1), RULES.long_life_after + timedelta(days=1))


class TestExponent:
    @pytest.mark.parametrize("exponent", [1, 3, 17, 65535, 65538, (1 << 256) + 1])
    def test_small_even_and_giant_exponents_are_refused(self, exponent: int) -> None:
        assert "exponent" in refusal(key_of(good_key().modulus, exponent))

    @pytest.mark.parametrize("exponent", [65537, 65539, (1 << 256) - 1])
    def test_odd_exponents_between_the_bounds_pass(self, exponent: int) -> None:
        check(key_of(good_key().modulus, exponent))


class TestFactors:
    def test_an_even_modulus_is_refused(self) -> None:
        assert "even" in refusal(key_of(good_key().modulus + 1))

    @pytest.mark.parametrize("factor", [3, 5, 367, 751])
    def test_a_small_prime_factor_is_refused(self, factor: int) -> None:
        assert "small prime" in refusal(key_of(factor * good_key().modulus))

    def test_every_prime_below_752_is_looked_for(self) -> None:
        primes = [n for n in range(2, 752) if all(n % d for d in range(2, isqrt(n) + 1))]
        assert len(primes) == 133
        assert all(factors.has_factor_below(n * prime(), 752) for n in primes)
        assert not factors.has_factor_below(757 * prime(), 752)

    def test_the_square_of_a_prime_is_refused(self) -> None:
        p = rsa_key(bits=3072).private_numbers().p
        assert "power" in refusal(key_of(p * p))

    def test_the_cube_of_a_prime_is_refused(self) -> None:
        assert "power" in refusal(key_of(prime() ** 3))

    @pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 7, 9, 11, 13, 47, 101, 211, 213])
    def test_every_power_is_found(self, k: int) -> None:
        base = next(n for n in range(1 << (2048 // k), 1 << 2049) if not factors.has_factor_below(n, 752))
        assert powers.is_power(base**k, 752)
        assert powers.is_power(757**k, 752)

    def test_neighbours_of_powers_are_none(self) -> None:
        for k in (2, 3, 5, 7, 11, 101):
            power = (prime() >> (1024 - 2048 // k) if k > 2 else prime()) ** k
            assert not powers.is_power(power + 2, 752)
            assert not powers.is_power(power - 2, 752)

    @pytest.mark.parametrize("bits", [1024, 2048, 2055, 3072, 4096])
    def test_what_roots_say_of_all_exponents_is_what_the_sieves_leave(self, bits: int) -> None:
        drawn = random.Random(bits)
        for k in (1, 2, 3, 5, 11, 37, 61, 97):
            base = drawn.getrandbits(bits // k) | 1 << bits // k - 1 | 1
            for number in (base**k, base**k + 2 * drawn.randrange(1, 100), base ** (k + 1)):
                if not factors.has_factor_below(number, 752):
                    assert powers.is_power(number, 752) is any(is_plain_power(number, k) for k in range(2, bits // 4))

    def test_close_primes_are_refused(self) -> None:
        p = prime()
        q = next(n for n in range(p + 2, p + 100_000, 2) if not factors.has_factor_below(n, 752))
        assert "close" in refusal(key_of(p * q))

    def test_a_hundred_rounds_are_a_hundred(self) -> None:
        # (a - b)(a + b) falls in round a - ceil(sqrt(n)), which b alone decides.
        a = 1 << 1024
        found = {rounds_needed(a, b): a * a - b * b for b in (isqrt(2 * a * rounds + a) | 1 for rounds in range(97, 103))}
        assert {97, 98, 99, 100, 101, 102} <= found.keys()
        assert factors.has_close_primes(found[99], 100)
        assert not factors.has_close_primes(found[100], 100)
        assert factors.has_close_primes(found[100], 101)


def is_plain_power(number: int, k: int) -> bool:
    """By bisection."""
    low, high = 1, 1 << number.bit_length() // k + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**k <= number else (low, middle)
    return low**k == number


def rounds_needed(a: int, b: int) -> int:
    n = a * a - b * b
    return a - isqrt(n - 1) - 1


class TestRoca:
    @pytest.mark.parametrize("name", ["roca-2048", "roca-2049"])
    def test_a_key_of_a_flawed_chip_is_refused(self, name: str) -> None:
        assert "ROCA" in refusal(key_of(modulus_of(name)))

    @pytest.mark.parametrize(("bits", "largest"), [(2048, 701), (3072, 701), (4096, 1427)])
    def test_the_structure_is_recognized_at_every_size(self, bits: int, largest: int) -> None:
        product = prod(factors.primes_below(largest + 1))
        halves = [
            (k << (bits // 2 - product.bit_length() - k.bit_length())) * product + pow(65537, exponent, product)
            for k, exponent in ((3, 1234567), (7, 7654321))
        ]
        assert roca.has_roca_fingerprint(prod(halves))
        assert not roca.has_roca_fingerprint(prod(halves) + 2)

    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_a_lookalike_is_not_mistaken_for_one(self, number: int) -> None:
        assert not roca.has_roca_fingerprint(modulus_of(f"roca-lookalike-{number}"))


class TestBlockedKeys:
    def test_a_debian_weak_key_is_refused(self) -> None:
        blocked = keys.blocked_keys(texts=[("blacklist.RSA-2048", debian_line(0) + b"\n")])
        assert "Debian" in refusal(good_key(), blocked=blocked)
        check(keys.read_spki(spki_der(rsa_key(1))), blocked=blocked)

    def test_each_entry_of_a_long_list_is_found(self) -> None:
        lines = [debian_line(0), debian_line(1), *(b"%020x" % (n << 60) for n in range(1000))]
        listed = debian.read_packed(debian.read_text(b"\n".join(lines), source="here").packed(), source="here")
        assert len(listed) == 1002
        for number, expected in ((0, True), (1, True), (2, False)):
            assert listed.lists(rsa_key(number).public_key().public_numbers().n) is expected

    def test_nothing_is_on_an_empty_list(self) -> None:
        assert not debian.read_packed(b"DWK1", source="here").lists(good_key().modulus)

    def test_comments_and_blank_lines_are_no_entries(self) -> None:
        text = b"# Debian's list\n\n" + debian_line(0).upper() + b"  # one\r\n"
        assert len(debian.read_text(text, source="here")) == 1

    def test_a_compromised_key_is_refused(self) -> None:
        listed = b"# taken from a laptop\n\n" + good_key().spki_sha256.encode() + b"  # alice\r\n"
        blocked = keys.blocked_keys(compromised=[("none.txt", b""), ("taken.txt", listed)])
        assert "compromised" in refusal(good_key(), blocked=blocked)
        check(keys.read_spki(spki_der(rsa_key(1))), blocked=blocked)

    @pytest.mark.parametrize(
        "line",
        [
            b"a" * 63,
            b"a" * 65,
            b"A" * 64,
            b"g" * 64,
            b"a" * 40,
            b"0x" + b"a" * 62,
            b"a" * 64 + b" b",
            b"\xef\xbb\xbf" + b"a" * 64,
        ],
    )
    def test_a_list_of_compromised_keys_at_fault_is_refused_with_its_line(self, line: bytes) -> None:
        with pytest.raises(BlocklistDamaged) as refused:
            keys.blocked_keys(compromised=[("taken.txt", b"# first\n" + line + b"\n")])
        assert "Line 2" in refused.value.detail
        assert "taken.txt" in refused.value.detail

    @pytest.mark.parametrize(
        "data",
        [b"", b"DWK", b"DWK2", b"DWK1" + bytes(9), b"DWK1" + bytes(20), b"DWK1" + b"\x01" * 10 + bytes(10)],
    )
    def test_a_damaged_list_is_refused(self, data: bytes) -> None:
        with pytest.raises(BlocklistDamaged) as refused:
            debian.read_packed(data, source="here")
        assert isinstance(refused.value, Unavailable)

    @pytest.mark.parametrize("line", [b"abc", b"g" * 20, b"0" * 19, b"0" * 21, b"0" * 40, b"00000000000000000000 00"])
    def test_a_damaged_text_list_is_refused_with_its_line(self, line: bytes) -> None:
        with pytest.raises(BlocklistDamaged) as refused:
            keys.blocked_keys(texts=[("extra.txt", b"# first\n" + line + b"\n")])
        assert "Line 2" in refused.value.detail
        assert "extra.txt" in refused.value.detail

    def test_the_shipped_list_is_whole(self) -> None:
        assert keys.shipped_debian_keys() is keys.shipped_debian_keys()

    def test_an_altered_shipped_list_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "_SHIPPED_SHA256", "0" * 64)
        with pytest.raises(BlocklistDamaged, match="altered"):
            keys.shipped_debian_keys.__wrapped__()

    def test_a_missing_shipped_list_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "_SHIPPED_LIST", "no-such-list.bin")
        with pytest.raises(BlocklistDamaged, match="missing"):
            keys.shipped_debian_keys.__wrapped__()


def debian_line(number: int) -> bytes:
    """The entry for a key of the pool, made as Debian made its lists: by the tools of OpenSSL."""
    pem = rsa_key(number).public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    modulus = subprocess.run(
        ["openssl", "rsa", "-pubin", "-noout", "-modulus"], input=pem, capture_output=True, check=True
    ).stdout
    digest = subprocess.run(["sha1sum"], input=modulus, capture_output=True, check=True).stdout.split()[0]
    return digest[-20:]
