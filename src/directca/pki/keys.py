"""RSA public keys: reading them strictly, and refusing those whose private half somebody else may know.

Key quality is checked by one small function per kind of weakness, in one ordered list (`CHECKS`): size and exponent by
policy, SP 800-89 5.3.3 partial validation, the Baseline Requirements' weak keys (6.1.1.3). The register of keys in use
stands elsewhere: whether a key is the CA's own, another subject's, or was revoked for compromise is not for this file.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from importlib import resources
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from directca.pki import der, oids
from directca.pki.errors import BadCsr, BlocklistDamaged, UnsupportedKey, WeakKey
from directca.pki.keychecks import debian, factors, powers, roca
from directca.pki.shapes import exactly, identified

_RSA_ENCRYPTION: Final = der.oid(oids.RSA_ENCRYPTION)
_KEY_KINDS: Final = {
    der.oid("1.2.840.10045.2.1"): "an elliptic-curve key, which Direct's acceptance policy refuses",
    der.oid("1.2.840.113549.1.1.10"): "an RSA key restricted to PSS, which Direct's receivers cannot use",
    der.oid("1.2.840.10040.4.1"): "a DSA key",
    der.oid("1.3.101.112"): "an Ed25519 key",
    der.oid("1.3.101.113"): "an Ed448 key",
    der.oid("1.3.101.110"): "an X25519 key",
}

# What OpenSSL will compute with at all. Policy is narrower; these keep an absurd key from costing an absurd time.
_COMPUTABLE_BITS: Final = range(1_024, 16_384 + 1)
_COMPUTABLE_EXPONENT_BITS: Final = 256
_LONG_MODULUS_BITS: Final = 3_072
_EXPONENT_BITS_WITH_LONG_MODULUS: Final = 64

_SMALLEST_FACTOR: Final = 752  # SP 800-89 5.3.3
_FERMAT_ROUNDS: Final = 100  # BR 6.1.1.3

_SPKI_SHA256: Final = re.compile(rb"[0-9a-f]{64}")

_SHIPPED_LIST: Final = "debian-weak-rsa-2048.bin"
_SHIPPED_SHA256: Final = "5d78c3e05a570e1fdab17e45539c5143ce7e7eecfba8f50b31c7b85f21a7f1ad"


@dataclass(frozen=True, slots=True)
class RsaKey:
    """An RSA public key as it stood in a SubjectPublicKeyInfo. `spki_sha256` is in lower-case hex."""

    modulus: int = field(repr=False)
    exponent: int
    spki_der: bytes = field(repr=False)
    spki_sha256: str

    @property
    def modulus_sha256(self) -> str:
        """What two keys have in common that one private exponent's factors open, whatever their public exponents: in hex."""
        return _modulus_sha256(self.modulus)

    @property
    def bits(self) -> int:
        """The length of the modulus."""
        return self.modulus.bit_length()

    def public_key(self) -> rsa.RSAPublicKey:
        """The key as `cryptography` computes with it."""
        return rsa.RSAPublicNumbers(self.exponent, self.modulus).public_key()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRules:
    """What the policy asks of a subscriber's key. A key that lives past `long_life_after` needs `long_life_bits`."""

    minimum_bits: int
    maximum_bits: int
    long_life_bits: int
    long_life_after: datetime
    minimum_exponent: int
    maximum_exponent_bits: int


@dataclass(frozen=True, slots=True)
class BlockedKeys:
    """Keys known to be compromised: Debian's, and any others by the SHA-256 of their SubjectPublicKeyInfo in hex."""

    debian: debian.DebianWeakKeys
    spki_sha256: frozenset[str] = field(default=frozenset(), repr=False)


@dataclass(frozen=True, slots=True)
class _Examination:
    """One key under test, with what it is tested against."""

    key: RsaKey
    rules: KeyRules
    not_after: datetime
    blocked: BlockedKeys


@lru_cache(maxsize=256)
def _modulus_sha256(modulus: int) -> str:
    return hashlib.sha256(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")).hexdigest()


def read_spki(encoded: bytes) -> RsaKey:
    """Read a DER SubjectPublicKeyInfo that holds an RSA key fit to compute with.

    Raises BadCsr for anything but DER of the right shape, UnsupportedKey for other kinds of key, WeakKey for a number that
    no RSA key can have. It says nothing of quality: that is `check_quality`.
    """
    try:
        return _read_spki(encoded)
    except der.DerError as error:
        raise _misencoded(error) from error


def read_alike(model: RsaKey, modulus: bytes, encoded: bytes) -> RsaKey:
    """Read a SubjectPublicKeyInfo that differs from the model's in the octets of its modulus alone; so only these are read.

    Raises what `read_spki` does.
    """
    try:
        return _key(der.read_integer(der.Element(der.INTEGER, modulus, b"")), model.exponent, encoded)
    except der.DerError as error:
        raise _misencoded(error) from error


def check_quality(key: RsaKey, *, rules: KeyRules, not_after: datetime, blocked: BlockedKeys) -> None:
    """Raise WeakKey, which names the first check that failed, unless the key is fit for a certificate until `not_after`."""
    examination = _Examination(key, rules, not_after, blocked)
    for check in CHECKS:
        check(examination)


def blocked_keys(*, texts: Iterable[tuple[str, bytes]] = (), compromised: Iterable[tuple[str, bytes]] = ()) -> BlockedKeys:
    """The list that ships with the product, joined with others in Debian's text form, and lists of compromised keys.

    Each is `(source, content)`. Raises BlocklistDamaged when any of them is not whole.
    """
    others = [debian.read_text(content, source=source) for source, content in texts]
    shipped = shipped_debian_keys()
    digests = (digest for source, content in compromised for digest in _read_compromised(content, source))
    return BlockedKeys(shipped.joined_with(others) if others else shipped, frozenset(digests))


@cache
def shipped_debian_keys() -> debian.DebianWeakKeys:
    """The list that ships with the product. Raises BlocklistDamaged when it is missing or altered."""
    try:
        data = resources.files("directca.pki").joinpath("data", _SHIPPED_LIST).read_bytes()
    except OSError as error:
        raise BlocklistDamaged(f"The list of Debian's weak keys, {_SHIPPED_LIST}, is missing. Install again.") from error
    if hashlib.sha256(data).hexdigest() != _SHIPPED_SHA256:
        raise BlocklistDamaged(f"The list of Debian's weak keys, {_SHIPPED_LIST}, was altered. Install again.")
    return debian.unpack(data, source=_SHIPPED_LIST)


def _read_compromised(data: bytes, source: str) -> Iterator[str]:
    """A line for each key: the SHA-256 of its DER SubjectPublicKeyInfo in lower-case hex; and comments behind `#`.

    No other spelling is accepted: a digest of something else, such as a certificate's in capitals with colons, would be a
    key that is believed to be refused and is not.
    """
    for number, line in enumerate(data.splitlines(), start=1):
        text = line.partition(b"#")[0].strip()
        if not text:
            continue
        if not _SPKI_SHA256.fullmatch(text):
            raise BlocklistDamaged(
                f"Line {number} of the list of compromised keys in {source} is not 64 lower-case hex digits. Correct it: "
                "the SHA-256 of a key's DER SubjectPublicKeyInfo."
            )
        yield text.decode("ascii")


def _read_spki(encoded: bytes) -> RsaKey:
    algorithm, key_bits = exactly(2, der.children(der.read(encoded, der.SEQUENCE)))
    kind, parameters = identified(der.children(algorithm, der.SEQUENCE))
    if kind.encoded != _RSA_ENCRYPTION:
        what = _KEY_KINDS.get(kind.encoded, "a key of an unknown kind")
        raise UnsupportedKey(f"The request holds {what}. Make an RSA key of at least 2048 bits.")
    if [parameter.encoded for parameter in parameters] != [der.NOTHING]:
        raise der.DerError("The parameters of rsaEncryption are NULL, nothing else.")
    octets, unused = der.read_bit_string(key_bits)
    if unused:
        raise der.DerError("The key does not end with a whole octet.")
    numbers = exactly(2, der.children(der.read(octets, der.SEQUENCE)))
    modulus, exponent = (der.read_integer(number) for number in numbers)
    return _key(modulus, exponent, encoded)


def _key(modulus: int, exponent: int, encoded: bytes) -> RsaKey:
    _require_computable(modulus, exponent)
    return RsaKey(modulus, exponent, encoded, hashlib.sha256(encoded).hexdigest())


def _misencoded(error: der.DerError) -> BadCsr:
    return BadCsr(f"The public key is not encoded as RFC 3279 says. {error}")


def _require_computable(modulus: int, exponent: int) -> None:
    bits = modulus.bit_length()
    if modulus <= 0 or exponent <= 0:
        raise WeakKey("The key's modulus or exponent is not positive, so it is no RSA key. Make a new key.")
    if bits not in _COMPUTABLE_BITS:
        raise WeakKey(f"The key has {bits} bits, which is out of all bounds. Make an RSA key of at least 2048 bits.")
    if not modulus & 1 or not exponent & 1 or exponent == 1:
        raise WeakKey("The key's modulus or exponent is even, or the exponent is 1: no RSA key has these. Make a new key.")
    long = bits > _LONG_MODULUS_BITS
    if exponent.bit_length() > (_EXPONENT_BITS_WITH_LONG_MODULUS if long else _COMPUTABLE_EXPONENT_BITS):
        raise WeakKey("The key's exponent is too large to compute with. Use 65537.")


def _check_size(under: _Examination) -> None:
    bits, rules = under.key.bits, under.rules
    if not rules.minimum_bits <= bits <= rules.maximum_bits:
        raise WeakKey(f"The key has {bits} bits; {rules.minimum_bits} to {rules.maximum_bits} are accepted.")
    if under.not_after > rules.long_life_after and bits < rules.long_life_bits:
        raise WeakKey(
            f"The key has {bits} bits; a certificate that is valid after {rules.long_life_after:%Y-%m-%d} "
            f"needs at least {rules.long_life_bits}. Make a longer key or ask for fewer years."
        )


def _check_exponent(under: _Examination) -> None:
    exponent, rules = under.key.exponent, under.rules
    if exponent < rules.minimum_exponent or exponent.bit_length() > rules.maximum_exponent_bits or not exponent & 1:
        raise WeakKey("The key's public exponent is even, too small or too large. Use 65537.")


def _check_odd(under: _Examination) -> None:
    if not under.key.modulus & 1:
        raise WeakKey("The key's modulus is even, so anybody can factor it. Make a new key.")


def _check_small_factors(under: _Examination) -> None:
    if factors.has_factor_below(under.key.modulus, _SMALLEST_FACTOR):
        raise WeakKey("The key's modulus has a small prime factor, so anybody can factor it. Make a new key.")


def _check_power(under: _Examination) -> None:
    if powers.is_power(under.key.modulus, _SMALLEST_FACTOR):
        raise WeakKey("The key's modulus is a power of one number, so anybody can factor it. Make a new key.")


def _check_close_primes(under: _Examination) -> None:
    if factors.has_close_primes(under.key.modulus, _FERMAT_ROUNDS):
        raise WeakKey("The key's two primes are so close together that Fermat's method finds them. Make a new key.")


def _check_roca(under: _Examination) -> None:
    if roca.has_roca_fingerprint(under.key.modulus):
        raise WeakKey(
            "The key was made by a chip with the ROCA flaw (CVE-2017-15361). Make a new key in software, or on a sound chip."
        )


def _check_debian(under: _Examination) -> None:
    if under.blocked.debian.lists(under.key.modulus):
        raise WeakKey("The key is one of Debian's weak keys (CVE-2008-0166). Make a new key with up-to-date software.")


def _check_compromised(under: _Examination) -> None:
    if under.key.spki_sha256 in under.blocked.spki_sha256:
        raise WeakKey("The key is on the list of compromised keys. Make a new key.")


CHECKS: Final[tuple[Callable[[_Examination], None], ...]] = (
    _check_size,
    _check_exponent,
    _check_odd,
    _check_small_factors,
    _check_power,
    _check_roca,
    _check_close_primes,
    _check_debian,
    _check_compromised,
)
"""Every check of a key's quality, cheapest and plainest first."""
