"""NSS, the library of Firefox and Thunderbird, judges what the running server issues, and exchanges mail with OpenSSL."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.issued import Half, Issued, tool, write

MISSING = [name for name in ("certutil", "crlutil", "pk12util", "cmsutil", "openssl") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

SIGNER, RECIPIENT, TLS_SERVER = "S", "R", "V"
MAIL = b"The patient may go home on Thursday.\n"


@dataclass(frozen=True)
class Stores:
    """Two certificate stores, since NSS gives all certificates of one subject one nickname and the pair shares its subject."""

    signing: str
    encryption: str


@pytest.fixture(scope="module")
def stores(issued: Issued, tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """Stores that trust the root, know both CRLs and everybody's keys."""
    return Stores(*(_store(issued, kind, tmp_path_factory.mktemp("nss")) for kind in ("signing", "encryption")))


def _store(issued: Issued, kind: str, folder: Path) -> str:
    store = f"sql:{folder}"
    tool("certutil", "-N", "-d", store, "--empty-password")
    tool("certutil", "-A", "-d", store, "-n", "root", "-t", ",C,", "-a", "-i", issued.root)
    tool("certutil", "-A", "-d", store, "-n", "issuing", "-t", ",,", "-a", "-i", issued.issuing)
    for crl in (issued.root_crl, issued.issuing_crl):
        tool("crlutil", "-I", "-d", store, "-i", crl.with_suffix(".crl"))
    for pair in (issued.alice, issued.domain, issued.revoked):
        _import(store, getattr(pair, kind), pair.name, folder)
    return store


def _import(store: str, half: Half, nickname: str, folder: Path) -> None:
    """NSS takes private keys from PKCS#12 only."""
    bag = folder / "nss.p12"
    words = ("-name", nickname, "-passout", "pass:made-up")
    tool("openssl", "pkcs12", "-export", "-in", half.certificate, "-inkey", half.key, *words, "-out", bag)
    tool("pk12util", "-i", bag, "-d", store, "-W", "made-up", "-K", "")


def verify(store: str, nickname: str, usage: str, *, fails: bool = False) -> str:
    """Path, signatures, validity, usage and revocation, as NSS sees them."""
    return tool("certutil", "-V", "-d", store, "-n", nickname, "-u", usage, "-e", fails=fails)


def test_each_certificate_serves_its_purpose_and_no_other(issued: Issued, stores: Stores) -> None:
    for name in (issued.alice.name, issued.domain.name):
        verify(stores.signing, name, SIGNER)
        verify(stores.encryption, name, RECIPIENT)
        verify(stores.encryption, name, SIGNER, fails=True)
        verify(stores.signing, name, RECIPIENT, fails=True)
        verify(stores.signing, name, TLS_SERVER, fails=True)


def test_a_revoked_certificate_is_refused(issued: Issued, stores: Stores) -> None:
    assert "revoked" in verify(stores.signing, issued.revoked.name, SIGNER, fails=True)
    assert "revoked" in verify(stores.encryption, issued.revoked.name, RECIPIENT, fails=True)


def test_the_crl_names_what_was_revoked(issued: Issued, stores: Stores) -> None:
    said = tool("crlutil", "-L", "-d", stores.signing, "-n", "issuing")
    serial = issued.revoked.signing.x509.serial_number
    pairs = ":".join(re.findall("..", f"{serial:0{(serial.bit_length() + 7) // 8 * 2}x}"))
    assert pairs in "".join(said.split())


def test_openssl_reads_what_nss_signed(issued: Issued, stores: Stores, tmp_path: Path) -> None:
    mail, signed, back = write(tmp_path / "mail", MAIL), tmp_path / "signed", tmp_path / "back"
    tool("cmsutil", "-S", "-d", stores.signing, "-N", issued.alice.name, "-Y", "NONE", "-G", "-i", mail, "-o", signed)
    read = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-purpose", "smimesign", "-certfile", issued.issuing)
    tool(*read, "-CAfile", issued.root, "-in", signed, "-out", back)
    assert back.read_bytes() == MAIL


def test_nss_reads_what_openssl_signed(issued: Issued, stores: Stores, tmp_path: Path) -> None:
    mail, signed, back = write(tmp_path / "mail", MAIL), tmp_path / "signed", tmp_path / "back"
    half = issued.alice.signing
    sign = ("openssl", "cms", "-sign", "-binary", "-nodetach", "-signer", half.certificate, "-inkey", half.key)
    tool(*sign, "-certfile", issued.issuing, "-outform", "DER", "-in", mail, "-out", signed)
    tool("cmsutil", "-D", "-d", stores.signing, "-u", "4", "-i", signed, "-o", back)
    assert back.read_bytes() == MAIL
    write(signed, signed.read_bytes().replace(b"Thursday", b"Saturday"))
    tool("cmsutil", "-D", "-d", stores.signing, "-u", "4", "-i", signed, "-o", back, fails=True)


def test_openssl_reads_what_nss_encrypted(issued: Issued, stores: Stores, tmp_path: Path) -> None:
    mail, sealed, back = write(tmp_path / "mail", MAIL), tmp_path / "sealed", tmp_path / "back"
    tool("cmsutil", "-E", "-d", stores.encryption, "-r", issued.alice.name, "-i", mail, "-o", sealed)
    half = issued.alice.encryption
    read = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-recip", half.certificate, "-inkey", half.key)
    tool(*read, "-in", sealed, "-out", back)
    assert back.read_bytes() == MAIL


def test_nss_reads_what_openssl_encrypted(issued: Issued, stores: Stores, tmp_path: Path) -> None:
    mail, sealed, back = write(tmp_path / "mail", MAIL), tmp_path / "sealed", tmp_path / "back"
    seal = ("openssl", "cms", "-encrypt", "-binary", "-aes256", "-outform", "DER", "-in", mail, "-out", sealed)
    tool(*seal, issued.alice.encryption.certificate)
    tool("cmsutil", "-D", "-d", stores.encryption, "-p", "", "-i", sealed, "-o", back)
    assert back.read_bytes() == MAIL
