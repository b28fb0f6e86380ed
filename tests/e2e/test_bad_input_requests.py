"""Certification requests that are wrong, weak, or somebody else's: a clear refusal, and nothing changed."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from directca.signing import key_files
from tests.e2e.api_tools import (
    ENCRYPTION,
    ISSUE,
    SIGNING,
    Clinic,
    a_clinic,
    a_name,
    fresh_keys,
    issued,
    nothing_changes,
    record_of,
    refusal_of,
    requests_for,
    spare_keys,
)
from tests.e2e.weak_keys import WEAK
from tests.live import ApiClient, LiveServer
from tests.material import COMMON_NAME, attribute, csr, csr_der, ec_key, integer, name, oid, pem, rsa_key, sequence, set_of, tlv

Answer = dict[str, Any]


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def holder(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    """A client that may also do what changes something."""
    with live.client(clinic.access) as client:
        yield client


@pytest.fixture(scope="module")
def pair(holder: ApiClient, clinic: Clinic) -> tuple[str, Any]:
    """A name that has a pair, and its keys."""
    keys, taken = fresh_keys(), a_name(clinic.domain, "taken")
    issued(holder, taken, keys)
    return taken, keys


@pytest.fixture(scope="module")
def api(live: LiveServer, holder: ApiClient, clinic: Clinic, pair: tuple[str, Any]) -> Iterator[ApiClient]:
    """A client; whatever is sent with it, nothing may have changed at the end, and the names that were asked for are free."""
    with nothing_changes(live, holder, clinic.account):
        yield holder
    address = f"alice@{clinic.domain}"
    assert (
        record_of(holder("POST", ISSUE, json=requests_for(address, spare_keys()), params={"dryRun": "true"}))["lint"] == "passed"
    )


def refused(api: ApiClient, clinic: Clinic, signing: str, slug: str, field: str | None = SIGNING) -> Answer:
    """The refusal of a signing request beside a good encryption request, not as a rehearsal but in earnest."""
    body = {SIGNING: signing, ENCRYPTION: csr(f"alice@{clinic.domain}", spare_keys()[1]), "durationYear": 1}
    return refusal_of(api("POST", ISSUE, json=body), 400, slug, field)


def test_what_is_no_request(api: ApiClient, clinic: Clinic) -> None:
    der = csr_der(f"alice@{clinic.domain}", spare_keys()[0])
    octets = (der + b"\0", der[:-1], b"\0" + der, der[4:], der * 2, b"\x30\x80" + der[4:] + b"\0\0")
    broken = [
        *("", " ", "=", "====", "AAAA", "not base64 at all!", "é", "%2B", "-----BEGIN CERTIFICATE REQUEST-----", "A" * 40_000),
        *(pem(der, "CERTIFICATE"), pem(der, "PUBLIC KEY"), pem(der) + pem(der), pem(der)[:-40], pem(der)[28:]),
        *(base64.b64encode(one).decode() for one in octets),
        *(base64.b64encode(der).decode() + more for more in ("=", "A", "====")),
        *(base64.b32encode(der).decode(), der.hex(), pem(der).replace("-----BEGIN", "----BEGIN")),
    ]
    for text in broken:
        refused(api, clinic, text, "bad_csr")
        body = {SIGNING: csr(f"alice@{clinic.domain}", spare_keys()[0]), ENCRYPTION: text, "durationYear": 1}
        refusal_of(api("POST", ISSUE, json=body), 400, "bad_csr", ENCRYPTION)


def test_a_signature_that_proves_nothing(api: ApiClient, clinic: Clinic) -> None:
    address, (key, other) = f"alice@{clinic.domain}", spare_keys()
    foreign = other.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for signature in (b"", b"\0" * 256, b"\xff" * 256, b"\1" * 255, b"\1" * 257):
        refused(api, clinic, csr(address, key, signature=signature), "bad_csr")
    refused(api, clinic, csr(address, key, public_key=foreign), "bad_csr")
    changed = bytearray(csr_der(address, key))
    changed[changed.index(b"alice")] = ord("b")
    refused(api, clinic, pem(bytes(changed)), "bad_csr")


@pytest.mark.parametrize(
    "version", [integer(1), integer(2), integer(-1), integer(2**2000), tlv(2, b"\0\0"), tlv(2, b""), tlv(1, b"\0")]
)
def test_another_version(api: ApiClient, clinic: Clinic, version: bytes) -> None:
    refused(api, clinic, csr(f"alice@{clinic.domain}", spare_keys()[0], version=version), "bad_csr")


def test_attributes_that_hide_something(api: ApiClient, clinic: Clinic) -> None:
    nested = b"\5\0"
    for _ in range(400):
        nested = sequence(nested)
    for attributes in (b"\5\0", sequence(oid("1.2.3"), set_of(nested)), sequence(oid("1.2.3")), b"\x30\x80\0\0", b"\x30\xff"):
        refused(api, clinic, csr(f"alice@{clinic.domain}", spare_keys()[0], attributes=attributes), "bad_csr")


def test_two_names_in_one_subject(api: ApiClient, clinic: Clinic) -> None:
    mine, victim = (attribute(COMMON_NAME, f"{word}@{clinic.domain}") for word in ("alice", "victim"))
    for subject in (name(mine, victim), name(mine, mine), sequence(set_of(mine, victim)), sequence(), name()):
        refused(api, clinic, csr(key=spare_keys()[0], subject=subject), "bad_csr")


@pytest.mark.parametrize(
    "word",
    [
        *(
            "*@{}",
            "*.{}",
            "{}.",
            "alice@{}.",
            "@{}",
            "alice@@{}",
            "a b@{}",
            ".a@{}",
            "a..b@{}",
            "Alice Lee",
            "localhost",
            "query",
        ),
        *("192.0.2.1", "alice@[192.0.2.1]", "alice@192.0.2.1", "::1", "a@1.2", "a@{}:25", "a@-{}", "a@b_c.{}", "a@ab--c.example"),
        *(
            "alice@xn--exmple-cua.org",
            "alice@exämple.org",
            "\u0430lice@{}",
            "alice\uff20{}",
            "\u212a@{}",
            "alice@{}\u3002example",
        ),
        *('"a b"@{}', "a/b@{}", "a\\b@{}", "<a@{}>", "a@{}, b@{}", "mailto:a@b", "a" * 60 + "@{}", "a@a" * 70),
    ],
)
def test_what_is_no_direct_name(api: ApiClient, clinic: Clinic, word: str) -> None:
    refused(api, clinic, csr(word.format(clinic.domain, clinic.domain), spare_keys()[0]), "bad_common_name")


@pytest.mark.parametrize(
    "word", ["a\0b@{}", "a\n@{}", "a\r\nb@{}", "a\x7f@{}", "a\x85@{}", "a\u200b@{}", "\u202ea@{}", "", "a" * 257]
)
def test_what_nobody_can_read(api: ApiClient, clinic: Clinic, word: str) -> None:
    refused(api, clinic, csr(word.format(clinic.domain), spare_keys()[0]), "bad_csr")


def test_two_requests_for_two_names(api: ApiClient, clinic: Clinic) -> None:
    alice, bob = (f"{word}@{clinic.domain}" for word in ("alice", "bob"))
    first, second = spare_keys()
    for one, other in ((alice, bob), (alice, clinic.domain), (alice, f"alice@sub.{clinic.domain}")):
        body = {SIGNING: csr(one, first), ENCRYPTION: csr(other, second), "durationYear": 1}
        refusal_of(api("POST", ISSUE, json=body), 400, "common_name_mismatch", ENCRYPTION)


def test_one_key_twice(api: ApiClient, clinic: Clinic) -> None:
    alice, (key, _) = f"alice@{clinic.domain}", spare_keys()
    body = {SIGNING: csr(alice, key), ENCRYPTION: csr(alice, key, organization=None), "durationYear": 1}
    refusal_of(api("POST", ISSUE, json=body), 400, "same_key_twice", ENCRYPTION)


@pytest.mark.parametrize("years", [1, 2, 3])
@pytest.mark.parametrize("kind", WEAK)
def test_a_key_that_others_can_find_out(api: ApiClient, clinic: Clinic, kind: str, years: int) -> None:
    alice = f"alice@{clinic.domain}"
    body = requests_for(alice, spare_keys(), durationYear=years) | {SIGNING: pem(WEAK[kind]().request(alice))}
    refusal_of(api("POST", ISSUE, json=body), 400, "weak_key")


@pytest.mark.parametrize("bits", [1024, 2047, 1536])
def test_a_key_that_is_too_short(api: ApiClient, clinic: Clinic, bits: int) -> None:
    alice = f"alice@{clinic.domain}"
    body = requests_for(alice, spare_keys()) | {ENCRYPTION: csr(alice, rsa_key(6_890, bits))}
    refusal_of(api("POST", ISSUE, json=body), 400, "weak_key")


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()], ids=lambda curve: curve.name)
def test_another_kind_of_key(api: ApiClient, clinic: Clinic, curve: ec.EllipticCurve) -> None:
    refused(api, clinic, csr(f"alice@{clinic.domain}", ec.generate_private_key(curve)), "unsupported_key")


def test_an_edwards_key(api: ApiClient, clinic: Clinic) -> None:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"alice@{clinic.domain}")])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(ed25519.Ed25519PrivateKey.generate(), None)
    refused(api, clinic, made.public_bytes(serialization.Encoding.PEM).decode(), "unsupported_key")


def test_an_algorithm_that_proves_nothing_today(api: ApiClient, clinic: Clinic) -> None:
    alice, (key, _) = f"alice@{clinic.domain}", spare_keys()
    refused(api, clinic, csr(alice, key, hash=hashes.SHA1), "unsupported_algorithm")
    refused(api, clinic, csr(alice, key, hash=hashes.SHA1, pss=True), "unsupported_algorithm")
    for algorithm in ("1.2.840.113549.1.1.4", "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.14", "1.2.840.10045.4.3.2", "1.2.3"):
        refused(api, clinic, csr(alice, key, algorithm=sequence(oid(algorithm), b"\5\0")), "unsupported_algorithm")
    refused(api, clinic, csr(alice, key, algorithm=sequence(oid("1.2.840.113549.1.1.12"), b"\5\0")), "bad_csr")
    spki = ec_key().public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    refused(api, clinic, csr(alice, key, public_key=spki), "unsupported_key")


def test_a_key_that_is_certified_for_another_name(api: ApiClient, clinic: Clinic, pair: tuple[str, Any]) -> None:
    _, (signing, encryption) = pair
    alice, (first, second) = f"alice@{clinic.domain}", spare_keys()
    for keys in ((signing, encryption), (signing, second), (first, encryption), (encryption, second), (first, signing)):
        for rehearse in ("false", "true"):
            answer = api("POST", ISSUE, json=requests_for(alice, keys), params={"dryRun": rehearse})
            refusal_of(answer, 400, "key_in_use")


def test_a_key_that_has_the_other_use(api: ApiClient, clinic: Clinic, pair: tuple[str, Any]) -> None:
    taken, (signing, encryption) = pair
    path = f"/api/certificate/{taken}"
    swapped = {SIGNING: csr(taken, encryption), ENCRYPTION: csr(taken, signing)}
    refusal_of(api("PATCH", path, json=swapped), 400, "key_in_use")
    refusal_of(api("PATCH", path, json={SIGNING: csr(taken, encryption)}), 400, "same_key_twice")
    refusal_of(api("PATCH", path, json={ENCRYPTION: csr(taken, signing)}), 400, "same_key_twice")
    refusal_of(api("POST", f"/api/certificate/renew/{taken}", json={"durationYear": 1, **swapped}), 400, "key_in_use")


@pytest.mark.parametrize("role", ["issuing", "root"])
def test_the_authoritys_own_key(live: LiveServer, api: ApiClient, clinic: Clinic, role: str) -> None:
    # The private half is at hand here alone: whoever could ask this in earnest would hold the authority already.
    passphrase = (live.data_dir / "secrets" / "key-passphrase").read_bytes().strip()
    (file,) = [one for one in (live.data_dir / "keys").iterdir() if one.name == f"{role}.pem"]
    alice = f"alice@{clinic.domain}"
    own = csr(alice, key_files.decrypt(key_files.read(file), passphrase, str(file)))
    body = requests_for(alice, spare_keys())
    refusal_of(api("POST", ISSUE, json=body | {SIGNING: own}), 400, "authority_key", SIGNING)
    refusal_of(api("POST", ISSUE, json=body | {ENCRYPTION: own}), 400, "authority_key", ENCRYPTION)


def test_a_name_that_is_taken(api: ApiClient, pair: tuple[str, Any]) -> None:
    taken, keys = pair
    for spelling in (taken, taken.upper()):
        for body in (requests_for(spelling, spare_keys()), requests_for(spelling, keys)):
            for rehearse in ("false", "true"):
                answer = api("POST", ISSUE, json=body, params={"dryRun": rehearse})
                refusal_of(answer, 400, "identifier_in_use", "commonName")
