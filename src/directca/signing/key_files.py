"""The file form of a private key: PKCS #8 encrypted with PBES2, scrypt and AES-256 (RFC 5958 3, RFC 8018 6.2, RFC 7914 7).

The form is a standard one that `openssl pkey` opens. It is written here because the library's own encryption stretches a
passphrase by 2048 rounds of PBKDF2 only, which a stolen file would not withstand.
"""

import os
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from directca.pki import der
from directca.signing.errors import KeyUnusable, WrongPassphrase

# OWASP's parameters for little memory: OpenSSL refuses to open a file that asks for more than 32 MiB.
_COST, _BLOCK, _PARALLEL = 2**14, 8, 5
_PBES2, _SCRYPT, _AES_256_CBC = "1.2.840.113549.1.5.13", "1.3.6.1.4.1.11591.4.11", "2.16.840.1.101.3.4.1.42"
_KEY_OCTETS, _SALT_OCTETS, _BLOCK_OCTETS = 32, 16, 16
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def encrypt(key: rsa.RSAPrivateKey, passphrase: bytes) -> bytes:
    """The EncryptedPrivateKeyInfo."""
    _require(passphrase)
    salt, start = os.urandom(_SALT_OCTETS), os.urandom(_BLOCK_OCTETS)
    secret = Scrypt(salt=salt, length=_KEY_OCTETS, n=_COST, r=_BLOCK, p=_PARALLEL).derive(passphrase)
    padder = PKCS7(8 * _BLOCK_OCTETS).padder()
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    encryptor = Cipher(algorithms.AES256(secret), modes.CBC(start)).encryptor()
    content = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    derivation = der.sequence(
        der.oid(_SCRYPT),
        der.sequence(
            der.octet_string(salt), der.integer(_COST), der.integer(_BLOCK), der.integer(_PARALLEL), der.integer(_KEY_OCTETS)
        ),
    )
    encryption = der.sequence(der.oid(_AES_256_CBC), der.octet_string(start))
    scheme = der.sequence(der.oid(_PBES2), der.sequence(derivation, encryption))
    return der.sequence(scheme, der.octet_string(content))


def decrypt(encoded: bytes, passphrase: bytes, name: str) -> rsa.RSAPrivateKey:
    """The key, validated, which takes some 40 ms: once per process. Raises KeyUnusable, WrongPassphrase."""
    _require(passphrase)
    try:
        scheme, content = der.children(der.read(encoded), der.SEQUENCE)
        encrypted = scheme.tag == der.SEQUENCE and content.tag == der.OCTET_STRING
    except (der.DerError, ValueError):
        encrypted = False
    if not encrypted:
        raise KeyUnusable(f"The key file {name} is damaged, or not encrypted. Restore it from a backup.")
    try:
        key = load_der_private_key(encoded, passphrase)
    except ValueError as error:
        raise WrongPassphrase(
            f"The passphrase does not open the key file {name}. Give the one it was made with; "
            "if that is the one, the file is damaged: restore it from a backup."
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyUnusable(f"The key file {name} does not hold an RSA key. Restore the right file.")
    return key


def write(path: Path, encoded: bytes) -> None:
    """Put a new file in place whole, synced, mode 0600, in a folder of mode 0700. Never replaces one: raises KeyUnusable."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _require_private(path.parent, "700")
    unfinished = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(encoded)
            file.flush()
            os.fsync(file.fileno())
        # A link fails if the name is taken; a rename would replace a CA's only key.
        path.hardlink_to(unfinished)
    except FileExistsError as error:
        raise KeyUnusable(f"A key file {path} exists already and is not replaced. Move it away first.") from error
    except OSError as error:
        raise KeyUnusable(f"The key file {path} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    _sync_folder(path.parent)


def read(path: Path) -> bytes:
    """The file's bytes, refused when anyone but its owner can reach them. Raises KeyUnusable."""
    try:
        _require_private(path.parent, "700")
        _require_private(path, "600")
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"The key file {path} cannot be read: {error.strerror}. Restore it or correct its path.") from error


def _require(passphrase: bytes) -> None:
    if not passphrase:
        raise WrongPassphrase("The passphrase for the key files is empty. Set it in the configured secret.")


def _require_private(path: Path, mode: str) -> None:
    if path.stat().st_mode & _OTHERS:
        raise KeyUnusable(f"{path} can be reached by other users. Run: chmod {mode} {path}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
