"""Keys and certification requests for tests: `csr("alice@direct.example.org")` is all that most tests need.

Keys are made on first use and kept for the process, since making an RSA key is the slowest thing a test can do.
Requests are put together byte by byte (RFC 2986), not by a library's builder: a test that breaks exactly one field
needs no second way.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

ALICE = "alice@direct.example.org"
DOMAIN = "direct.example.org"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Hash = type[hashes.SHA1 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512]

RSA_WITH: dict[Hash, str] = {
    hashes.SHA1: "1.2.840.113549.1.1.5",
    hashes.SHA256: "1.2.840.113549.1.1.11",
    hashes.SHA384: "1.2.840.113549.1.1.12",
    hashes.SHA512: "1.2.840.113549.1.1.13",
}
ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
NULL = b"\x05\x00"

COMMON_NAME = "2.5.4.3"
COUNTRY = "2.5.4.6"
ORGANIZATION = "2.5.4.10"
ORGANIZATIONAL_UNIT = "2.5.4.11"
EMAIL_ADDRESS = "1.2.840.113549.1.9.1"
EXTENSION_REQUEST = "1.2.840.113549.1.9.14"

UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
IA5_STRING = 0x16
BMP_STRING = 0x1E


def rsa_key(n: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The n-th RSA key of the process; the same number is always the same key."""
    return _rsa_key(n, bits)


def ec_key(n: int = 0) -> ec.EllipticCurvePrivateKey:
    """The n-th P-256 key of the process."""
    return _ec_key(n)


# A cache of its own behind each: it would tell rsa_key() and rsa_key(0) apart.
@cache
def _rsa_key(_n: int, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def _ec_key(_n: int) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def spki_der(key: PrivateKey) -> bytes:
    """The SubjectPublicKeyInfo of a key."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def tlv(tag: int, content: bytes) -> bytes:
    """One DER value with a definite, minimal length."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of encoded values."""
    return tlv(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """A SET OF encoded values, in DER's order."""
    return tlv(0x31, b"".join(sorted(parts)))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return tlv(0x06, bytes(content))


def integer(value: int) -> bytes:
    """An INTEGER, minimal."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def attribute(kind: str, value: str | bytes, tag: int = UTF8_STRING) -> bytes:
    """An AttributeTypeAndValue: one name component."""
    return sequence(oid(kind), tlv(tag, value.encode() if isinstance(value, str) else value))


def name(*attributes: bytes) -> bytes:
    """A Name of components that each stand alone."""
    return sequence(*(set_of(one) for one in attributes))


def rsa_spki(modulus: bytes, exponent: bytes, parameters: bytes = NULL) -> bytes:
    """A SubjectPublicKeyInfo of an RSA key, the numbers as the content octets of their INTEGERs."""
    key = tlv(0x03, b"\x00" + sequence(tlv(0x02, modulus), tlv(0x02, exponent)))
    return sequence(sequence(oid("1.2.840.113549.1.1.1"), parameters), key)


@dataclass(frozen=True, kw_only=True)
class Tweaks:
    """Everything about a request that a test may want otherwise."""

    organization: str | None = "Example Clinic"
    organizational_units: Sequence[str] = ()
    subject: bytes | None = None  # a whole Name instead of the one built from the fields above
    extensions: Sequence[x509.ExtensionType] = ()
    attributes: bytes | None = None  # the content of [0] instead of the extensionRequest
    public_key: bytes | None = None  # a SubjectPublicKeyInfo that need not belong to the key
    version: bytes = integer(0)
    hash: Hash = hashes.SHA256
    pss: bool = False
    algorithm: bytes | None = None  # a whole AlgorithmIdentifier, whatever made the signature
    signature: bytes | None = None


def csr(common_name: str = ALICE, key: PrivateKey | None = None, **tweaks: object) -> str:
    """A certification request in PEM armour; `tweaks` are the fields of `Tweaks`."""
    return pem(csr_der(common_name, key, **tweaks))


def pem(der: bytes, label: str = "CERTIFICATE REQUEST") -> str:
    """PEM armour (RFC 7468) around bytes."""
    lines = base64.encodebytes(der).decode().replace("\n", "")
    folded = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return f"-----BEGIN {label}-----\n{folded}\n-----END {label}-----\n"


def csr_der(common_name: str = ALICE, key: PrivateKey | None = None, **tweaks: object) -> bytes:
    """A certification request as DER (RFC 2986), signed with `key`, by default the first of the pool."""
    signer = rsa_key() if key is None else key
    options = Tweaks(**tweaks)  # type: ignore[arg-type]  # dataclass fields checked by name; mypy cannot see through **
    info = sequence(
        options.version,
        options.subject if options.subject is not None else _subject(common_name, options),
        options.public_key if options.public_key is not None else spki_der(signer),
        tlv(0xA0, options.attributes if options.attributes is not None else _attributes(options.extensions)),
    )
    algorithm, signature = _sign(signer, info, options)
    return sequence(
        info,
        options.algorithm if options.algorithm is not None else algorithm,
        tlv(0x03, b"\x00" + (options.signature if options.signature is not None else signature)),
    )


def _subject(common_name: str, options: Tweaks) -> bytes:
    names = [attribute(COUNTRY, "US", PRINTABLE_STRING)]
    if options.organization is not None:
        names.append(attribute(ORGANIZATION, options.organization))
    names.extend(attribute(ORGANIZATIONAL_UNIT, unit) for unit in options.organizational_units)
    return name(*names, attribute(COMMON_NAME, common_name))


def _attributes(extensions: Sequence[x509.ExtensionType]) -> bytes:
    if not extensions:
        return b""
    encoded = (sequence(oid(e.oid.dotted_string), tlv(0x04, e.public_bytes())) for e in extensions)
    return sequence(oid(EXTENSION_REQUEST), set_of(sequence(*encoded)))


def _sign(key: PrivateKey, data: bytes, options: Tweaks) -> tuple[bytes, bytes]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sequence(oid(ECDSA_WITH_SHA256)), key.sign(data, ec.ECDSA(hashes.SHA256()))
    chosen = options.hash()
    if not options.pss:
        return sequence(oid(RSA_WITH[options.hash]), NULL), key.sign(data, padding.PKCS1v15(), chosen)
    signature = key.sign(data, padding.PSS(padding.MGF1(chosen), chosen.digest_size), chosen)
    return pss_algorithm(options.hash), signature


def pss_algorithm(hash_: Hash, mask: Hash | None = None, salt: int | None = None) -> bytes:
    """The AlgorithmIdentifier of RSASSA-PSS (RFC 4055 3.1)."""
    digests = {
        hashes.SHA1: "1.3.14.3.2.26",
        hashes.SHA256: "2.16.840.1.101.3.4.2.1",
        hashes.SHA384: "2.16.840.1.101.3.4.2.2",
        hashes.SHA512: "2.16.840.1.101.3.4.2.3",
    }
    digest = sequence(oid(digests[hash_]), NULL)
    mask_digest = sequence(oid(digests[mask or hash_]), NULL)
    parameters = sequence(
        tlv(0xA0, digest),
        tlv(0xA1, sequence(oid("1.2.840.113549.1.1.8"), mask_digest)),
        tlv(0xA2, integer(hash_.digest_size if salt is None else salt)),
    )
    return sequence(oid("1.2.840.113549.1.1.10"), parameters)
