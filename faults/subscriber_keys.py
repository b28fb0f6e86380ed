"""Keys for certification requests, many and cheap: each two of a few primes are a key. They protect nothing."""

import threading
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_EXPONENT = 65_537
_BITS = 2048


class Keys:
    """Pairs without end, no key twice. For many threads.

    From `count` keys, made at once in the slow way, come about `count * count / 2` pairs; when they are used up, one key more
    is made now and then. The two keys of a pair have no prime in common, which the authority would see.
    """

    def __init__(self, count: int) -> None:
        self._keys = [_endless([_primes() for _ in range(count // 2)]) for _ in range(2)]
        self._lock = threading.Lock()

    def pair(self) -> tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]:
        """Two keys that nobody was given."""
        with self._lock:
            one, other = (next(keys) for keys in self._keys)
        return _key(*one), _key(*other)


def _endless(made: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Each two primes of what was made, and then of what is made when those are used up."""
    known: list[int] = []
    while True:
        for prime in made.pop() if made else _primes():
            yield from ((prime, other) for other in known if (prime * other).bit_length() == _BITS)
            known.append(prime)


def _primes() -> tuple[int, int]:
    numbers = rsa.generate_private_key(_EXPONENT, _BITS).private_numbers()
    return numbers.p, numbers.q


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
