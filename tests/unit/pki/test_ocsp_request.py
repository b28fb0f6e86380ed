"""What a stranger sends is understood in one way, or refused as malformed; there is no third outcome."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as judge

from directca.pki import der, oids
from directca.pki.certificate_view import read_extension
from directca.pki.ocsp import issuer_hashes
from directca.pki.ocsp_request import MOST_CERTIFICATES, BadOcspRequest, read_request
from directca.pki.templates import extension
from tests.authority import a_certificate, issuing_ca
from tests.responder import SERIAL, a_cert_id, a_request

VECTORS = Path(__file__).parents[2] / "vectors" / "ocsp"
FILES = sorted(VECTORS.glob("*.der"))
ASKED_BY_OTHERS = 0x5080C7B7D0E31BA75911A67DDD3D35E7
NONCE = extension(oids.OCSP_NONCE, der.octet_string(b"n" * 32))
UNKNOWN = "1.3.6.1.4.1.99999.7"
VERSION_1, VERSION_2 = der.explicit(0, der.integer(0)), der.explicit(0, der.integer(1))
REQUESTOR = der.explicit(1, der.explicit(4, der.sequence()))
SHA1 = der.sequence(der.oid(oids.SHA1), der.NOTHING)
HASH = der.octet_string(b"\x01" * 20)


def request_of(*fields: bytes, behind: bytes = b"") -> bytes:
    """A request of these fields of the TBSRequest."""
    return der.sequence(der.sequence(*fields), behind)


def list_of(*requests: bytes) -> bytes:
    return der.sequence_of(der.sequence(request) for request in requests)


def with_nonce(value: bytes) -> bytes:
    return a_request(extensions=(extension(oids.OCSP_NONCE, value),))


def with_cert_id(*fields: bytes) -> bytes:
    return a_request(der.sequence(*fields))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_requests_of_other_programs_are_read(file: Path) -> None:
    request = read_request(file.read_bytes())
    first = request.certificates[0]
    assert first.serial == ASKED_BY_OTHERS
    assert first.hash == ("sha256" if "sha256" in file.stem else "sha1")
    assert len(request.certificates) == (2 if file.stem == "openssl-two" else 1)
    assert (request.nonce is not None) == (file.stem.endswith("nonce") or file.stem == "openssl-signed")
    assert first.encoded in file.read_bytes()


def test_no_program_is_missing() -> None:
    assert {file.stem for file in FILES} >= {"openssl-nonce", "openssl-sha256", "gnutls-nonce", "nss", "java", "java-nonce"}


@pytest.mark.parametrize(("algorithm", "name"), [(hashes.SHA1(), "sha1"), (hashes.SHA256(), "sha256")])
@pytest.mark.parametrize("nonce", [None, b"1", b"n" * 32, b"n" * 128])
def test_a_request_of_the_library_is_read_and_its_issuer_recognized(
    algorithm: hashes.HashAlgorithm, name: str, nonce: bytes | None
) -> None:
    certificate = x509.load_der_x509_certificate(a_certificate())
    authority = x509.load_der_x509_certificate(issuing_ca().issuer.certificate_der or b"")
    builder = judge.OCSPRequestBuilder().add_certificate(certificate, authority, algorithm)
    builder = builder if nonce is None else builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    request = read_request(builder.build().public_bytes(Encoding.DER))
    (asked,) = request.certificates
    assert (asked.hash, asked.serial, request.nonce) == (name, certificate.serial_number, nonce)
    assert (asked.name_hash, asked.key_hash) == issuer_hashes(issuing_ca().issuer)[name]


def test_what_was_asked_is_kept_in_the_bytes_it_came_in_and_in_order() -> None:
    cert_ids = (a_cert_id(5), a_cert_id(3, "sha256"), a_cert_id(5))
    assert tuple(asked.encoded for asked in read_request(a_request(*cert_ids)).certificates) == cert_ids


def test_as_many_as_are_allowed_can_be_asked_about_at_once() -> None:
    request = read_request(a_request(*(a_cert_id(n) for n in range(1, MOST_CERTIFICATES + 1))))
    assert [asked.serial for asked in request.certificates] == list(range(1, MOST_CERTIFICATES + 1))


@pytest.mark.parametrize(
    "algorithm",
    [
        der.sequence(der.oid("2.16.840.1.101.3.4.2.3"), der.NOTHING),
        der.sequence(der.oid(UNKNOWN)),
        der.sequence(der.oid(oids.SHA1), der.integer(1)),
    ],
    ids=["SHA-512", "unknown", "SHA-1 with parameters"],
)
def test_a_hash_that_names_no_issuer_here_is_read_and_matches_none(algorithm: bytes) -> None:
    (asked,) = read_request(with_cert_id(algorithm, HASH, HASH, der.integer(5))).certificates
    assert (asked.hash, asked.algorithm) == (None, algorithm)


def test_a_hash_may_come_without_parameters() -> None:
    algorithm = der.sequence(der.oid(oids.SHA256))
    (asked,) = read_request(with_cert_id(algorithm, HASH, HASH, der.integer(5))).certificates
    assert asked.hash == "sha256"


def test_name_and_signature_of_whoever_asks_change_nothing() -> None:
    plain = read_request(a_request())
    signature = der.explicit(0, der.sequence(SHA1, der.bit_string(b"\xff" * 256)))
    assert read_request(request_of(REQUESTOR, list_of(a_cert_id()), behind=signature)) == plain


@pytest.mark.parametrize("critical", [False, True])
@pytest.mark.parametrize("kind", [oids.ACCEPTABLE_RESPONSES, oids.PREFERRED_SIGNATURE_ALGORITHMS])
def test_what_the_basic_response_satisfies_anyway_may_be_asked_for(kind: str, *, critical: bool) -> None:
    asked = a_request(extensions=(extension(kind, der.sequence(), critical=critical), NONCE))
    assert read_request(asked).nonce == b"n" * 32


def test_an_unknown_extension_is_passed_over_unless_it_is_critical() -> None:
    assert read_request(a_request(extensions=(extension(UNKNOWN, b"\x00"),))) == read_request(a_request())


BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no sequence": lambda: der.NOTHING,
    "something trails": lambda: a_request() + b"\x00",
    "a second request trails": lambda: a_request() + a_request(),
    "indefinite length": lambda: b"\x30\x80" + a_request()[2:] + b"\x00\x00",
    "length of 4 GiB": lambda: b"\x30\x84\xff\xff\xff\xff",
    "length of 127 octets": lambda: b"\x30\xff" + b"\xff" * 127,
    "length not in its shortest form": lambda: b"\x30\x81" + a_request()[1:],
    "high tag number": lambda: b"\x3f\x81\x01\x00",
    "nothing asked": lambda: request_of(der.sequence()),
    "101 certificates": lambda: a_request(*(a_cert_id(n) for n in range(1, MOST_CERTIFICATES + 2))),
    "no list": request_of,
    "version 1 written out": lambda: request_of(VERSION_1, list_of(a_cert_id())),
    "version 2": lambda: request_of(VERSION_2, list_of(a_cert_id())),
    "requestorName behind the list": lambda: request_of(list_of(a_cert_id()), REQUESTOR),
    "requestorName that is none": lambda: request_of(der.explicit(1, der.NOTHING), list_of(a_cert_id())),
    "two requestorNames": lambda: request_of(REQUESTOR, REQUESTOR, list_of(a_cert_id())),
    "signature that is none": lambda: request_of(list_of(a_cert_id()), behind=der.explicit(0, der.sequence())),
    "signature behind another tag": lambda: request_of(list_of(a_cert_id()), behind=der.explicit(1, der.sequence())),
    "empty extensions": lambda: request_of(list_of(a_cert_id()), der.explicit(2, der.sequence())),
    "extensions of two lists": lambda: request_of(list_of(a_cert_id()), der.explicit(2, der.sequence(NONCE) * 2)),
    "a nonce twice": lambda: a_request(extensions=(NONCE, NONCE)),
    "an unknown extension twice": lambda: a_request(extensions=(extension(UNKNOWN, b"1"), extension(UNKNOWN, b"2"))),
    "critical unknown extension": lambda: a_request(extensions=(extension(UNKNOWN, b"", critical=True),)),
    "critical FALSE written out": lambda: a_request(
        extensions=(der.sequence(der.oid(UNKNOWN), b"\x01\x01\x00", der.octet_string(b"")),)
    ),
    "critical unknown extension of one": lambda: request_of(
        der.sequence(der.sequence(a_cert_id(), der.explicit(0, der.sequence(extension(UNKNOWN, b"", critical=True)))))
    ),
    "critical nonce of one": lambda: request_of(
        der.sequence(der.sequence(a_cert_id(), der.explicit(0, der.sequence(extension(oids.OCSP_NONCE, b"", critical=True)))))
    ),
    "empty nonce": lambda: with_nonce(der.octet_string(b"")),
    "nonce of 129 octets": lambda: with_nonce(der.octet_string(b"n" * 129)),
    "nonce that is no OCTET STRING": lambda: with_nonce(der.integer(5)),
    "nonce with something behind it": lambda: with_nonce(der.octet_string(b"n" * 32) + b"\x00"),
    "CertID of three fields": lambda: with_cert_id(SHA1, HASH, HASH),
    "CertID of five fields": lambda: with_cert_id(SHA1, HASH, HASH, der.integer(5), der.integer(5)),
    "algorithm without an identifier": lambda: with_cert_id(der.sequence(), HASH, HASH, der.integer(5)),
    "algorithm of three fields": lambda: with_cert_id(
        der.sequence(der.oid(oids.SHA1), der.NOTHING, der.NOTHING), HASH, HASH, der.integer(5)
    ),
    "hash that is no OCTET STRING": lambda: with_cert_id(SHA1, HASH, der.bit_string(b"\x01" * 20), der.integer(5)),
    "serial of 21 octets": lambda: with_cert_id(SHA1, HASH, HASH, der.integer(2**160)),
    "serial of 60,000 octets": lambda: with_cert_id(SHA1, HASH, HASH, der.tlv(der.INTEGER, b"\x7f" * 60_000)),
    "serial without octets": lambda: with_cert_id(SHA1, HASH, HASH, der.tlv(der.INTEGER, b"")),
    "serial not in its shortest form": lambda: with_cert_id(SHA1, HASH, HASH, der.tlv(der.INTEGER, b"\x00\x05")),
    "17 extensions": lambda: a_request(extensions=tuple(extension(f"{UNKNOWN}.{n}", b"") for n in range(17))),
    "nested without end": lambda: b"\x30\x82\xff\xff" * 16_000,
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD.keys())
def test_what_is_no_request_is_malformed(make: Callable[[], bytes]) -> None:
    with pytest.raises(BadOcspRequest):
        read_request(make())


CROWDS: dict[str, Callable[[bytes], bytes]] = {
    "fields": der.sequence,
    "fields of the TBSRequest": request_of,
    "requests": lambda crowd: request_of(der.sequence(crowd)),
    "fields of a request": lambda crowd: request_of(der.sequence(der.sequence(crowd))),
    "fields of a CertID": with_cert_id,
    "fields of an algorithm": lambda crowd: with_cert_id(der.sequence(crowd), HASH, HASH, der.integer(5)),
    "extensions": lambda crowd: a_request(extensions=(crowd,)),
    "fields of an extension": lambda crowd: a_request(extensions=(der.sequence(crowd),)),
    "names": lambda crowd: request_of(der.explicit(1, crowd), list_of(a_cert_id())),
    "fields of a signature": lambda crowd: request_of(list_of(a_cert_id()), behind=der.explicit(0, der.sequence(crowd))),
}


@pytest.mark.parametrize("make", CROWDS.values(), ids=CROWDS.keys())
def test_no_crowd_of_tiny_values_is_made_into_objects(make: Callable[[bytes], bytes]) -> None:
    """64 KiB hold 32,000 empty values, and none of them has a place in a request."""
    crowd = make(der.sequence() * 30_000)
    tracemalloc.start()
    try:
        with pytest.raises(BadOcspRequest):
            read_request(crowd)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_a_request_that_ends_anywhere_early_is_malformed() -> None:
    whole = a_request(a_cert_id(SERIAL, "sha256"), a_cert_id(), extensions=(NONCE,))
    for end in range(len(whole)):
        with pytest.raises(BadOcspRequest):
            read_request(whole[:end])


def test_a_serial_number_that_nobody_issues_is_asked_about_like_any_other() -> None:
    for serial in (0, -5, 2**159 - 1):
        (asked,) = read_request(a_request(a_cert_id(serial))).certificates
        assert asked.serial == serial


def test_nothing_that_strangers_send_is_remembered() -> None:
    """Or they would fill the memory, and push out what the lints know."""
    before = read_extension.cache_info()
    for n in range(50):
        read_request(a_request(extensions=(extension(oids.OCSP_NONCE, der.octet_string(bytes((n,)) * 32)),)))
        read_request(a_request(extensions=(extension(UNKNOWN, bytes((n,)) * 60_000),)))
    assert read_extension.cache_info() == before
