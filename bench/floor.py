"""The raw floor: two signatures per pair with the issuing CA's own key, on every core, and nothing else."""

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bench import machine
from bench.server import Failed
from directca.pki.algorithms import SignatureAlgorithm
from directca.settings import load
from directca.signing import file_keys

_TBS_BYTES = 1000
_PATIENCE = 60.0


@dataclass(frozen=True)
class SignerFacts:
    """Where the CA's key is and what opens it."""

    path: Path
    passphrase: bytes
    algorithm: SignatureAlgorithm


def issuing_key(data: Path, chain_pem: str) -> tuple[SignerFacts, int]:
    """The key of the issuing CA, the first of the chain, in a data folder of the benchmark; and its size in bits."""
    public_key = x509.load_pem_x509_certificates(chain_pem.encode())[0].public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)  # the only kind that the sandbox makes
    spki_der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    settings = load(data)
    for path in sorted(settings.keys.iterdir()):
        if file_keys.load(path, settings.passphrase()).spki_der == spki_der:
            return SignerFacts(path, settings.passphrase(), SignatureAlgorithm.RSA_SHA256), public_key.key_size
    raise Failed("The key of the issuing CA is not in the data folder.")


@dataclass(frozen=True)
class Floor:
    """What the key alone allows: pairs per second on all cores, and seconds of a core for one pair."""

    pairs_per_second: float
    cpu_per_pair: float


def measured(signer: SignerFacts, seconds: float) -> Floor:
    """Sign for some seconds."""
    context = multiprocessing.get_context("spawn")
    count = machine.cores()
    start, found = context.Barrier(count), context.Queue()
    processes = [context.Process(target=_sign, args=(signer, seconds, start, found), daemon=True) for _ in range(count)]
    for one in processes:
        one.start()
    rates, cpu = zip(*(found.get(timeout=_PATIENCE + seconds) for _ in processes), strict=True)
    for one in processes:
        one.join()
    return Floor(sum(rates) / 2, sum(cpu) / count * 2)


def _sign(signer: SignerFacts, seconds: float, start: Barrier, found: "Queue[tuple[float, float]]") -> None:
    """In a process of its own: put how many signatures a second were made, and what one took of a core."""
    key = file_keys.load(signer.path, signer.passphrase)
    message = bytes(_TBS_BYTES)
    key.sign(message, signer.algorithm)
    start.wait(_PATIENCE)
    cpu, began, made = time.process_time(), time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        key.sign(message, signer.algorithm)
        made += 1
    found.put((made / passed, (time.process_time() - cpu) / made))
