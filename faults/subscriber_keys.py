"""Keys for certification requests, many and cheap: each two of a few primes are a key. They protect nothing."""

import itertools
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_EXPONENT = 65_537
_BITS = 2048


class Keys:
    """From so many keys made in the expensive way, about `count * count / 2` pairs, no key twice. For many threads.

    The two keys of a pair have no prime in common, which the authority would see.
    """

    def __init__(self, count: int) -> None:
        halves: tuple[list[int], list[int]] = ([], [])
        for number in range(count):
            numbers = rsa.generate_private_key(_EXPONENT, _BITS).private_numbers()
            halves[number % 2].extend((numbers.p, numbers.q))
        self._keys = [filter(_is_long, itertools.combinations(half, 2)) for half in halves]
        self._lock = threading.Lock()

    def pair(self) -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
        """Two keys that nobody was given."""
        with self._lock:
            one, other = (next(keys) for keys in self._keys)
        return _key(*one), _key(*other)


def _is_long(primes: tuple[int, int]) -> bool:
    p, q = primes
    return (p * q).bit_length() == _BITS


def _key(p: int, q: int) -> rsa.RSAPrivateKey:
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def request_for(name: str, key: rsa.RSAPrivateKey) -> str:
    """A certification request, as PEM."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(subject)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )


def spki(key: rsa.RSAPrivateKey) -> bytes:
    """The public half, encoded."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
