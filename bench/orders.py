"""Certification requests for many names, made before the clock starts.

Making an RSA key costs far more than the authority's work on it, and nearly all of that is the search for primes. So some primes
are found, and every two of them make a key: keys that differ, as the authority demands, and look like any others to it. They
protect nothing, since two that share a prime are factored by anybody who sees both; none is kept.
"""

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bench import load, machine

SUBSCRIBER_BITS = 2048
_EXPONENT = 65537
_CHUNK = 32


@dataclass(frozen=True)
class Order:
    """What one call of Issue sends: the two requests for a name, in PEM."""

    name: str
    signing_csr: str
    encryption_csr: str

    def http(self, access_token: str, idempotency_key: str | None = None) -> bytes:
        """The call; with a key it may be sent again, and is answered the same."""
        body = {
            "signingCertificatePkcs10Data": self.signing_csr,
            "encryptionCertificatePkcs10Data": self.encryption_csr,
            "durationYear": 1,
        }
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return load.post("/api/certificate/", "application/json", json.dumps(body).encode(), access_token, headers)


def orders(count: int, domain: str) -> tuple[Order, ...]:
    """So many orders for different names of a domain, each with two keys of its own; made on all cores."""
    with ProcessPoolExecutor(machine.cores(), multiprocessing.get_context("spawn")) as processes:
        primes = [prime for two in processes.map(_two_primes, range(_keys_needed(count))) for prime in two]
        drafts = [
            (f"subscriber-{number}@{domain}", *factors) for number, factors in zip(range(count), _fours(primes), strict=False)
        ]
        return tuple(processes.map(_order, drafts, chunksize=_CHUNK))


def _keys_needed(count: int) -> int:
    """How many keys hold enough primes for `count` orders: 4k primes make 4k - 1 rounds of k orders."""
    quarter = 1
    while (4 * quarter - 1) * quarter < count:
        quarter += 1
    return 2 * quarter


def _fours(primes: Sequence[int]) -> Iterator[tuple[int, int, int, int]]:
    """Four different primes at a time, as two pairs of which none comes again: the rounds of a tournament (circle method)."""
    fixed, circle = primes[0], list(primes[1:])
    for _ in range(len(circle)):
        row = [fixed, *circle]
        met = [(row[at], row[-1 - at]) for at in range(len(row) // 2)]
        for one, other in zip(met[::2], met[1::2], strict=True):
            yield (*one, *other)
        circle = [circle[-1], *circle[:-1]]


def _two_primes(_number: int) -> tuple[int, int]:
    found = rsa.generate_private_key(_EXPONENT, SUBSCRIBER_BITS).private_numbers()
    return found.p, found.q


def _order(draft: tuple[str, int, int, int, int]) -> Order:
    name, *factors = draft
    return Order(name, _request(name, *factors[:2]), _request(name, *factors[2:]))


def _request(name: str, one: int, other: int) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(_key(one, other), hashes.SHA256())
    return made.public_bytes(Encoding.PEM).decode("ascii")


def _key(one: int, other: int) -> rsa.RSAPrivateKey:
    p, q = max(one, other), min(one, other)
    private = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=private,
        dmp1=rsa.rsa_crt_dmp1(private, p),
        dmq1=rsa.rsa_crt_dmq1(private, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(_EXPONENT, p * q),
    )
    # The factors come from the library itself; to test them again for each key would cost more than everything else here.
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)
