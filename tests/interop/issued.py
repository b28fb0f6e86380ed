"""What a subscriber holds after using the API: keys, certificates, the chain, the CRLs, all as files for other people's tools.

Everything here comes over HTTP from the running server, and the CRLs from the addresses that the certificates themselves
name. Three pairs are made: Alice's address and a domain, both good, and a pair that was revoked.
"""

import base64
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from tests.live import ApiClient, LiveServer, SandboxAccount

Encoding = serialization.Encoding
PEM_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.+?-----END \1-----\n?", flags=re.DOTALL)


@dataclass(frozen=True)
class Half:
    """One certificate of a pair and its private key, in PEM."""

    certificate: Path
    key: Path

    @property
    def x509(self) -> x509.Certificate:
        """The certificate, read."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())


@dataclass(frozen=True)
class Pair:
    """What one order bought."""

    name: str
    record: dict[str, Any]
    signing: Half
    encryption: Half

    @property
    def halves(self) -> tuple[Half, Half]:
        """Signing first."""
        return self.signing, self.encryption


@dataclass(frozen=True)
class Issued:
    """The authority as a relying party sees it, and three pairs."""

    folder: Path
    root: Path
    issuing: Path
    root_crl: Path  # PEM; the DER stands beside it as .crl
    issuing_crl: Path
    alice: Pair
    domain: Pair
    revoked: Pair

    @property
    def good(self) -> tuple[Half, ...]:
        """Every certificate that is valid."""
        return (*self.alice.halves, *self.domain.halves)


def issue_all(live: LiveServer, folder: Path) -> Issued:
    """Buy three pairs, revoke one, and fetch what relying parties fetch."""
    account = live.first
    with live.client(account) as api:
        alice = issue(api, f"alice.interop@{account.direct_domain}", folder)
        gone = issue(api, f"gone.interop@{account.direct_domain}", folder)
        domain = domain_pair(api, account, folder)
        answer = api("POST", f"/api/certificate/revoke/{gone.name}/keyCompromise")
        assert answer.status_code == 200, answer.text
    root, issuing = chain_of(alice, account, folder)
    return Issued(
        folder=folder,
        root=root,
        issuing=issuing,
        root_crl=fetch_crl(x509.load_pem_x509_certificate(issuing.read_bytes()), folder / "root-crl.pem"),
        issuing_crl=fetch_crl(alice.signing.x509, folder / "issuing-crl.pem"),
        alice=alice,
        domain=domain,
        revoked=gone,
    )


def domain_pair(api: ApiClient, account: SandboxAccount, folder: Path) -> Pair:
    """The pair of the account's domain: issued, or, since a domain is one name, reissued with new keys if it was there."""
    if api("GET", f"/api/certificate/{account.direct_domain}").status_code == 200:
        return issue(api, account.direct_domain, folder, method="PATCH", path=f"/api/certificate/{account.direct_domain}")
    return issue(api, account.direct_domain, folder)


def issue(
    api: ApiClient, name: str, folder: Path, *, method: str = "POST", path: str = "/api/certificate/", key_size: int = 2048
) -> Pair:
    """Make two keys and requests, and buy a pair for one year."""
    keys = [rsa.generate_private_key(65537, key_size) for _ in range(2)]
    body: dict[str, Any] = {
        "signingCertificatePkcs10Data": request_for(name, keys[0]),
        "encryptionCertificatePkcs10Data": request_for(name, keys[1]),
    }
    answer = api(method, path, json=body | ({"durationYear": 1} if method == "POST" else {}))
    assert answer.status_code == 200, answer.text
    record = answer.json()
    stem = name.replace("@", "-at-")
    halves = [
        Half(
            write(folder / f"{stem}-{kind}.pem", record[f"{kind}_cert"].encode()),
            write(folder / f"{stem}-{kind}.key", _private(key)),
        )
        for kind, key in zip(("signing", "encryption"), keys, strict=True)
    ]
    return Pair(name, record, *halves)


def request_for(name: str, key: rsa.RSAPrivateKey) -> str:
    """A certification request as the seed's client sends it: base64 without armour."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def fetch_crl(certificate: x509.Certificate, path: Path) -> Path:
    """The CRL from the one address that a certificate names; as PEM at `path`, as DER beside it."""
    points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    (point,) = points
    assert point.full_name is not None
    (address,) = point.full_name
    answer = httpx2.get(address.value, timeout=30)
    assert answer.status_code == 200, f"{address.value}: {answer.status_code}"
    assert answer.headers["Content-Type"] == "application/pkix-crl"
    write(path.with_suffix(".crl"), answer.content)
    return write(path, x509.load_der_x509_crl(answer.content).public_bytes(Encoding.PEM))


def issuer_addresses(certificate: x509.Certificate) -> list[str]:
    """Where a certificate says that its issuer's certificate is to be had."""
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    return [a.access_location.value for a in access if a.access_method == AuthorityInformationAccessOID.CA_ISSUERS]


def tool(*command: str | Path, given: bytes | None = None, fails: bool = False) -> str:
    """Run a judge; its verdict must be what the test expects. Answers all that it said."""
    ran = subprocess.run([str(word) for word in command], input=given, capture_output=True, check=False, timeout=120)
    said = (ran.stdout + ran.stderr).decode(errors="replace")
    assert (ran.returncode != 0) is fails, f"{' '.join(map(str, command))}\nended with {ran.returncode} and said:\n{said}"
    return said


def joined(path: Path, parts: Sequence[Path]) -> Path:
    """Several PEM files as one."""
    return write(path, b"".join(part.read_bytes() for part in parts))


def write(path: Path, content: bytes) -> Path:
    """Write a file and answer its path."""
    path.write_bytes(content)
    return path


def _private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def chain_of(pair: Pair, account: SandboxAccount, folder: Path) -> tuple[Path, Path]:
    """The root from `sandbox.json`, and the certificate of the record's `ca_chain` that issued the pair."""
    root = write(folder / "root.pem", account.root_pem.encode())
    issuer = pair.signing.x509.issuer
    chain = [x509.load_pem_x509_certificate(block[0].encode()) for block in PEM_BLOCK.finditer(pair.record["ca_chain"])]
    (issuing,) = [found for found in chain if found.subject == issuer]
    return root, write(folder / "issuing.pem", issuing.public_bytes(Encoding.PEM))
