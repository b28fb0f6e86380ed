"""Where a name's keys and certificates are kept: one numbered folder per pair, and `current`, which points to the newest.

    alice@direct.example.org/
      1/  signing.key.pem  encryption.key.pem  signing.cert.pem  encryption.cert.pem  chain.pem  record.json
      2/  the same after a renewal or a reissue
      current -> 2

The keys are on disk before the order is sent, and so is `unfinished.json` with the order's Idempotency-Key. If the answer
is lost, the same command finds both, sends the very same order, and gets the record of the first time: no key is lost and
nothing is charged twice. `unfinished.json` goes away last, when all else is written.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from directca.cli.client import keys, private_files
from directca.cli.client.failures import Misused, Unreachable
from directca.cli.client.records import Record

_UNFINISHED = "unfinished.json"
_RECORD = "record.json"
_CURRENT = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for; a repetition must ask for the same. `idempotency_key` is None once the server has refused it."""

    function: str
    name: str
    years: int | None
    new_keys: bool
    idempotency_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The folder of one pair."""

    path: Path
    order: Order
    repeated: bool = False


def begin(folder: Path, order: Order) -> Generation:
    """The folder for an order: that of the same order left unfinished, else the next number.

    Raises Misused if another order is unfinished there.
    """
    numbers = _numbers(folder)
    if numbers:
        newest = folder / str(numbers[-1])
        before = _unfinished(newest)
        if before is not None and before.idempotency_key is not None:
            return _repeat(newest, before, order)
        if before is not None and (before.name, before.new_keys) == (order.name, order.new_keys):
            private_files.replace(newest / _UNFINISHED, _as_json(order))
            return Generation(path=newest, order=order)
    path = folder / str(numbers[-1] + 1 if numbers else 1)
    private_files.folder(path)
    private_files.write_new(path / _UNFINISHED, _as_json(order))
    return Generation(path=path, order=order)


def store_key(generation: Generation, role: str, bits: int) -> keys.PrivateKey:
    """The key of a role: the one that an unfinished order left, else a new one, durable when this returns."""
    path = _key_file(generation.path, role)
    if path.exists():
        return _read_key(path)
    made = keys.make(bits)
    private_files.write_new(path, made.pem)
    return made


def mark_refused(generation: Generation) -> None:
    """The server has certainly done nothing: the keys stay, and the next attempt is a new order that may differ."""
    refused = Order(**{**asdict(generation.order), "idempotency_key": None})
    private_files.replace(generation.path / _UNFINISHED, _as_json(refused))


def complete(folder: Path, generation: Generation, record: Record) -> dict[str, keys.PrivateKey]:
    """Write what the server answered. Returns the private keys found for it, by role.

    Raises Unreachable if a certificate is not for the key that was sent; the record is on disk all the same.
    """
    path = generation.path
    private_files.replace(path / _RECORD, json.dumps(record.verbatim, indent=2).encode())
    found: dict[str, keys.PrivateKey] = {}
    try:
        for role, certificate in keys.certificates(record):
            key = _key_for(folder, generation, role, certificate)
            if key is not None:
                found[role] = key
            private_files.replace(path / f"{role}.cert.pem", certificate.public_bytes(Encoding.PEM))
    except ValueError as error:
        raise Unreachable(f"Do not use what came back ({error}). It is kept in {path / _RECORD}; ask the authority.") from None
    if record.chain is not None:
        private_files.replace(path / "chain.pem", record.chain.encode())
    return found


def settle(folder: Path, generation: Generation) -> None:
    """Point `current` to the generation and end the order: the last step, after which nothing is to be repeated."""
    pointer = folder / f".{_CURRENT}.{generation.path.name}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(generation.path.name)
    pointer.replace(folder / _CURRENT)
    (generation.path / _UNFINISHED).unlink(missing_ok=True)


def unfinished_keys(folder: Path) -> dict[str, keys.PrivateKey]:
    """The keys of an unfinished order, for a dry run of it; empty if there is none."""
    numbers = _numbers(folder)
    if not numbers or not (folder / str(numbers[-1]) / _UNFINISHED).exists():
        return {}
    paths = {role: _key_file(folder / str(numbers[-1]), role) for role in keys.ROLES}
    return {role: _read_key(path) for role, path in paths.items() if path.exists()}


def _unfinished(path: Path) -> Order | None:
    file = path / _UNFINISHED
    if not file.exists():
        return None
    try:
        return Order(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        raise Misused(f"{file} is damaged. Keep the keys beside it, and choose another --out.") from None


def _repeat(path: Path, before: Order, order: Order) -> Generation:
    if Order(**{**asdict(order), "idempotency_key": before.idempotency_key}) != before:
        raise _other_order(path, before)
    return Generation(path=path, order=before, repeated=True)


def _other_order(path: Path, before: Order) -> Misused:
    years = f" --years {before.years}" if before.years is not None else ""
    rekey = " --rekey" if before.new_keys and before.function != "issue" else ""
    return Misused(
        f"{path} holds an order that has no answer yet. Finish it first: "
        f"directca client {before.function} {before.name}{years}{rekey} with the same --out."
    )


def _key_for(folder: Path, generation: Generation, role: str, certificate: x509.Certificate) -> keys.PrivateKey | None:
    path = _key_file(generation.path, role)
    if path.exists():
        key = _read_key(path)
        if not keys.belongs(certificate, key):
            raise ValueError(f"the {role} certificate is not for the key in {path}")
        return key
    # Certified again without new keys: the folder of each pair is complete in itself, so the key is copied into it.
    for number in reversed(_numbers(folder)):
        older = _key_file(folder / str(number), role)
        if older.exists() and keys.belongs(certificate, key := _read_key(older)):
            private_files.write_new(path, key.pem)
            return key
    return None


def _read_key(path: Path) -> keys.PrivateKey:
    try:
        return keys.read(path.read_bytes(), str(path))
    except OSError as error:
        raise Misused(f"Cannot read {path}: {error.strerror}.") from None


def _key_file(path: Path, role: str) -> Path:
    return path / f"{role}.key.pem"


def _numbers(folder: Path) -> list[int]:
    if not folder.is_dir():
        return []
    return sorted(int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal() and entry.is_dir())


def _as_json(order: Order) -> bytes:
    return json.dumps(asdict(order), indent=2).encode()
