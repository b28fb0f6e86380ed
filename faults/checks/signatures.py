"""Each signature that an authority's key made has its intent, its audit row, and its certificate or its settled intent."""

from collections import Counter
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from faults.evidence import Evidence, Signed, digest

_SHA256_WITH_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")


def known(of: Evidence) -> Iterator[str]:
    """No signature over a certificate is a stranger, and none was made twice over one serial."""
    rows = {int(one["serial"], 16): one for one in of.tables["certificate"]}
    speakers = {int(one["serial"], 16): one for one in of.tables["ocsp_responder"]}
    records = {one["id"]: one for one in of.tables["record"]}
    journalled = of.journal("certificate.intended")
    told = {
        int(row["detail"][f"{usage}_serial"], 16): row["detail"][f"{usage}_tbs_sha256"]
        for row in journalled
        for usage in ("signing", "encryption")
    }
    told |= {int(row["detail"]["serial"], 16): "" for row in of.journal("responder.intended")}
    authorities = {found.serial_number: found for found in (of.authority(one["id"]) for one in of.tables["authority"])}
    counted: Counter[int] = Counter()
    for one, certificate in _certificates(of):
        serial = certificate.serial_number
        counted[serial] += 1
        row = rows.get(serial) or speakers.get(serial)
        if serial in authorities and authorities[serial].signature == one.signature:
            continue  # the ceremony's
        if row is None:
            yield f"{one.node} signed the certificate {serial:x}, of which the books know nothing"
            continue
        if digest(one.message) != row["tbs_sha256"]:
            yield f"{one.node} signed other bytes for {serial:x} than were intended"
        if serial not in told or told[serial] not in ("", digest(one.message)):
            yield f"{one.node} signed {serial:x}, and no audit row says that it was intended"
        if row["der"] is None and not (records[row["record_id"]]["settled"] if serial in rows else row["revoked_at"]):
            yield f"{one.node} signed {serial:x}, which is neither issued nor settled"
        if row["der"] is not None and x509.load_der_x509_certificate(row["der"]).signature != one.signature:
            yield f"the certificate {serial:x} is not the one that {one.node} signed"
    yield from (f"the serial {serial:x} was signed {times} times" for serial, times in counted.items() if times > 1)


def witnessed(of: Evidence) -> Iterator[str]:
    """Every certificate in the books was signed before witnesses; what they wrote down are signatures of the authority's keys."""
    seen = {certificate.serial_number for _, certificate in _certificates(of)}
    for one in of.tables["certificate"]:
        if one["der"] is not None and int(one["serial"], 16) not in seen:
            yield f"nobody saw the certificate {one['serial']} being signed"
    for key, signed in _by_authorities(of):
        try:
            key.verify(signed.signature, signed.message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            yield f"{signed.node} made a signature that does not verify"


def lists(of: Evidence) -> Iterator[str]:
    """Each list has a number that was reserved and told before, and no number has two lists."""
    reserved = {(one["authority_id"], one["number"]) for one in of.tables["crl"]}
    told = {(row["subject"].removeprefix("authority:"), row["detail"]["number"]) for row in of.journal("crl.intended")}
    names = {of.authority(one["id"]).subject: one["id"] for one in of.tables["authority"]}
    counted: Counter[tuple[str, int]] = Counter()
    for one in _of_authorities(of):
        try:
            found = x509.load_der_x509_crl(_whole(one))
        except ValueError:
            continue
        place = names[found.issuer], found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        counted[place] += 1
        if place not in reserved or place not in told:
            yield f"{one.node} signed the list {place[1]} of {place[0]}, whose number nobody had reserved and told"
    yield from (f"the list {number} of {name} was signed {n} times" for (name, number), n in counted.items() if n > 1)


def _certificates(of: Evidence) -> Iterator[tuple[Signed, x509.Certificate]]:
    for one in _of_authorities(of):
        try:
            certificate = x509.load_der_x509_certificate(_whole(one))
            subject, issuer = certificate.subject, certificate.issuer  # a list may pass for a certificate until it is read
        except ValueError:
            continue
        if subject != issuer:
            yield one, certificate


def _of_authorities(of: Evidence) -> Iterator[Signed]:
    return (signed for _, signed in _by_authorities(of))


def _by_authorities(of: Evidence) -> Iterator[tuple[rsa.RSAPublicKey, Signed]]:
    """What the authorities' own keys signed; those of OCSP responders sign answers, which change nothing."""
    keys: dict[str, rsa.RSAPublicKey] = {}
    for one in of.tables["authority"]:
        key = of.authority(one["id"]).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        keys[digest(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))] = key
    return ((keys[one.key], one) for one in of.signed if one.key in keys)


def _whole(one: Signed) -> bytes:
    """The certificate, or list, of which the message is the inner part."""
    signature = b"\x03" + _length(len(one.signature) + 1) + b"\0" + one.signature
    content = one.message + _SHA256_WITH_RSA + signature
    return b"\x30" + _length(len(content)) + content


def _length(size: int) -> bytes:
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([size]) if size < 128 else bytes([128 | len(octets)]) + octets
