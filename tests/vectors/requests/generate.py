"""Makes the requests of this folder, each with another program, as that program writes them by default.

Run it by hand where openssl, certtool (GnuTLS), certutil (NSS) and keytool (Java) are installed: `python generate.py`. The
private keys are made in a temporary folder and thrown away with it, so each run makes other requests of the same kind.
"""

import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
NAME = "alice@direct.example.org"
SUBJECT = f"/C=US/O=Example Clinic/OU=Ward 1/CN={NAME}"
DISTINGUISHED_NAME = f"CN={NAME},OU=Ward 1,O=Example Clinic,C=US"
CERTTOOL_TEMPLATE = f"""
country = "US"
organization = "Example Clinic"
unit = "Ward 1"
cn = "{NAME}"
email_protection_key
signing_key
"""


def main() -> None:
    """Write one file for each program and manner."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        openssl(scratch, "openssl")
        openssl(scratch, "openssl-text", "-text")
        openssl(scratch, "openssl-new-header", "-newhdr")
        openssl(scratch, "openssl-sha512", "-sha512")
        openssl(scratch, "openssl-pss", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:-1")
        openssl(scratch, "openssl-san", "-addext", "subjectAltName=DNS:evil.example", "-addext", "basicConstraints=CA:TRUE")
        gnutls(scratch)
        nss(scratch)
        java(scratch)


def openssl(scratch: Path, name: str, *options: str) -> None:
    """OpenSSL's `req`."""
    key = str(scratch / f"{name}.key")
    run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", SUBJECT, *options, into=name)


def gnutls(scratch: Path) -> None:
    """GnuTLS's certtool, which puts a summary before the request."""
    (scratch / "template").write_text(CERTTOOL_TEMPLATE)
    key, template = str(scratch / "gnutls.key"), str(scratch / "template")
    run("certtool", "--generate-privkey", "--key-type", "rsa", "--bits", "2048", "--outfile", key)
    run("certtool", "--generate-request", "--load-privkey", key, "--template", template, into="gnutls")


def nss(scratch: Path) -> None:
    """NSS's certutil, which does so too."""
    database = f"sql:{scratch}"
    (scratch / "noise").write_bytes(os.urandom(64))
    run("certutil", "-N", "-d", database, "--empty-password")
    asked = ("-R", "-d", database, "-s", DISTINGUISHED_NAME, "-k", "rsa", "-g", "2048", "-a", "-z", str(scratch / "noise"))
    run("certutil", *asked, into="nss")


def java(scratch: Path) -> None:
    """Java's keytool."""
    store = ("-alias", "a", "-keystore", str(scratch / "store"), "-storepass", "only-for-this-run")
    run("keytool", "-genkeypair", *store, "-keyalg", "RSA", "-keysize", "2048", "-dname", DISTINGUISHED_NAME)
    run("keytool", "-certreq", *store, into="java")


def run(*command: str, into: str | None = None) -> None:
    """Run a program; keep what it prints as a vector."""
    done = subprocess.run(command, check=True, capture_output=True)
    if into:
        (HERE / f"{into}.pem").write_bytes(done.stdout)


if __name__ == "__main__":
    main()
