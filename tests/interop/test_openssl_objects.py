"""OpenSSL, GnuTLS and pkilint judge each kind of object that the authority makes, straight from the signing room."""

import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from directca.clock import SystemClock, whole_second
from directca.pki import crl
from directca.pki.cms import certs_only
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.lints.pkix import judge_certificate, judge_revocation_list
from directca.pki.reasons import RevocationReason
from directca.pki.templates import Template
from directca.signing.authority import Authority
from directca.signing.rehearsal import rehearse_crl
from tests.authority import a_certificate, a_template, an_ocsp_responder_template, issuing_ca, pem, root, run_of, sign
from tests.material import ALICE, DOMAIN

LOA_3, LOA_4 = "1.3.6.1.4.1.41179.1.3", "1.3.6.1.4.1.41179.1.4"
REVOKED_KEY = 2
# Not every judge can be told another time than its own.
NOW = whole_second(SystemClock().now()) - timedelta(minutes=5)

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
needs_certtool = pytest.mark.skipif(shutil.which("certtool") is None, reason="GnuTLS certtool is not installed")


@dataclass(frozen=True)
class Objects:
    """Where the objects lie, in PEM unless their name says otherwise."""

    folder: Path

    def __getitem__(self, name: str) -> str:
        return str(self.folder / name)


def a_crl(authority: Authority, *revoked: RevokedEntry) -> bytes:
    run = run_of(*revoked, latest=NOW)
    template = CrlTemplate(1, NOW, NOW + timedelta(hours=72), run.facts())
    to_be_signed = crl.encode(template, authority.issuer, run.entries)
    rehearsed = rehearse_crl(to_be_signed, template, authority.issuer, authority.policy)
    return crl.assemble(rehearsed.to_be_signed, authority.sign(rehearsed))


def current(for_: str = ALICE, profile: str = "signing", key: int = 0) -> bytes:
    """A certificate that is valid today."""
    return a_certificate(for_, profile, key, not_before=NOW, not_after=NOW + timedelta(days=300))


def current_responder() -> Template:
    """The template of an OCSP responder that is valid today."""
    return replace(an_ocsp_responder_template(), not_before=NOW, not_after=NOW + timedelta(days=30))


@pytest.fixture(scope="module")
def certificates() -> dict[str, bytes]:
    return {
        "root": root().issuer.certificate_der or b"",
        "issuing": issuing_ca().issuer.certificate_der or b"",
        "signing": current(),
        "encryption": current(profile="encryption", key=1),
        "dual": current(profile="dual"),
        "domain": current(DOMAIN),
        "revoked": current(key=REVOKED_KEY),
        "responder": sign(current_responder(), issuing_ca()),
    }


@pytest.fixture(scope="module")
def lists() -> dict[str, bytes]:
    revoked = RevokedEntry(a_template(key=REVOKED_KEY).serial, NOW, RevocationReason.KEY_COMPROMISE, NOW)
    others = (RevokedEntry(2**127 + n, NOW, reason) for n, reason in enumerate(RevocationReason) if reason.on_full_crl)
    return {"root": a_crl(root()), "issuing": a_crl(issuing_ca(), revoked, *others)}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory, certificates: dict[str, bytes], lists: dict[str, bytes]) -> Objects:
    folder = tmp_path_factory.mktemp("objects")
    for name, certificate in certificates.items():
        (folder / f"{name}.pem").write_bytes(pem(certificate))
        (folder / f"{name}.der").write_bytes(certificate)
    for name, encoded in lists.items():
        (folder / f"{name}.crl").write_bytes(encoded)
    (folder / "chain.p7c").write_bytes(certs_only([certificates["issuing"], certificates["root"]]))
    return Objects(folder)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def verify(objects: Objects, name: str, *more: str, policy: str = LOA_3) -> subprocess.CompletedProcess[str]:
    strict = ("-x509_strict", "-policy_check", "-explicit_policy", "-policy", policy, "-crl_check_all")
    trust = ("-CAfile", objects["root.pem"], "-untrusted", objects["issuing.pem"])
    lists = ("-CRLfile", objects["root.crl"], "-CRLfile", objects["issuing.crl"])
    return run("openssl", "verify", *strict, *trust, *lists, *more, objects[f"{name}.pem"])


@needs_openssl
@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("signing", "smimesign"),
        ("encryption", "smimeencrypt"),
        ("dual", "smimesign"),
        ("dual", "smimeencrypt"),
        ("domain", "smimesign"),
        ("responder", "any"),
        ("issuing", "any"),
    ],
)
def test_openssl_accepts_each_certificate_for_its_purpose(objects: Objects, name: str, purpose: str) -> None:
    done = verify(objects, name, "-purpose", purpose)
    assert done.returncode == 0, done.stderr


@needs_openssl
@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("signing", ("-purpose", "smimeencrypt"), "unsuitable certificate purpose"),
        ("encryption", ("-purpose", "smimesign"), "unsuitable certificate purpose"),
        ("signing", ("-purpose", "sslserver"), "unsuitable certificate purpose"),
        ("revoked", ("-purpose", "smimesign"), "certificate revoked"),
        ("signing", ("-verify_email", "bob@direct.example.org"), "email address mismatch"),
        ("signing", ("-attime", str(int(NOW.timestamp()) + 366 * 86400)), "certificate has expired"),
    ],
)
def test_openssl_refuses_what_is_to_be_refused(objects: Objects, name: str, more: tuple[str, ...], why: str) -> None:
    done = verify(objects, name, *more)
    assert done.returncode != 0
    assert why in done.stderr.lower()


@needs_openssl
def test_openssl_finds_no_assurance_that_was_not_given(objects: Objects) -> None:
    done = verify(objects, "signing", policy=LOA_4)
    assert done.returncode != 0
    assert "no explicit policy" in done.stderr


@needs_openssl
def test_openssl_finds_the_names_that_were_certified(objects: Objects) -> None:
    assert verify(objects, "signing", "-verify_email", ALICE).returncode == 0
    assert verify(objects, "domain", "-verify_hostname", DOMAIN).returncode == 0


@needs_openssl
@pytest.mark.parametrize("name", ["root", "issuing"])
def test_openssl_verifies_the_signature_of_each_crl(objects: Objects, name: str) -> None:
    done = run("openssl", "crl", "-inform", "DER", "-in", objects[f"{name}.crl"], "-CAfile", objects[f"{name}.pem"], "-noout")
    assert "verify OK" in done.stderr


@needs_openssl
def test_openssl_reads_the_certs_only_message(objects: Objects) -> None:
    done = run("openssl", "pkcs7", "-inform", "DER", "-in", objects["chain.p7c"], "-print_certs", "-noout")
    assert "CN = Example Direct Root CA" in done.stdout
    assert "CN = Example Direct Issuing CA" in done.stdout


@needs_certtool
@pytest.mark.parametrize("name", ["signing", "encryption", "dual", "domain", "responder"])
def test_gnutls_accepts_each_chain(objects: Objects, name: str, tmp_path: Path) -> None:
    chain = tmp_path / "chain.pem"
    chain.write_bytes(b"".join(Path(objects[f"{part}.pem"]).read_bytes() for part in (name, "issuing", "root")))
    done = run("certtool", "--verify-chain", "--infile", str(chain))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Not verified" not in done.stdout


@needs_certtool
@pytest.mark.parametrize("name", ["root", "issuing"])
def test_gnutls_verifies_each_crl(objects: Objects, name: str) -> None:
    done = run(
        "certtool", "--verify-crl", "--load-ca-certificate", objects[f"{name}.der"], "--inder", "--infile", objects[f"{name}.crl"]
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified." in done.stdout + done.stderr


def test_pkilint_finds_nothing_on_any_certificate(certificates: dict[str, bytes]) -> None:
    assert {name: judge_certificate(der) for name, der in certificates.items()} == dict.fromkeys(certificates, ())


def test_pkilint_finds_nothing_on_any_crl(lists: dict[str, bytes]) -> None:
    assert {name: judge_revocation_list(der) for name, der in lists.items()} == dict.fromkeys(lists, ())
