"""What the demonstration asks of OpenSSL: somebody else's tool makes the keys and judges the certificates."""

import re
import shutil
import subprocess
from pathlib import Path

SIGN, ENCRYPT = "smimesign", "smimeencrypt"

_STRICT = ("-x509_strict", "-crl_check_all")


class Refused(Exception):
    """OpenSSL said no, in its own words."""


def installed() -> bool:
    """Whether the command is there."""
    return shutil.which("openssl") is not None


def make_key_and_request(name: str, key: Path, request: Path) -> None:
    """An RSA-3072 key, unencrypted, and a certification request that holds the name alone."""
    run("req", "-new", "-newkey", "rsa:3072", "-nodes", "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request))
    key.chmod(0o600)


def distribution_points(certificate: Path) -> list[str]:
    """The addresses of the CRLs that the certificate itself names."""
    return re.findall(r"URI:(\S+)", run("x509", "-in", str(certificate), "-noout", "-ext", "crlDistributionPoints"))


def ocsp_address(certificate: Path) -> str:
    """The address at which, as the certificate itself says, its status is told."""
    return run("x509", "-in", str(certificate), "-noout", "-ocsp_uri").strip()


def ask_status(certificate: Path, issuer: Path, anchor: Path) -> str:
    """What OCSP says of a certificate: good, revoked or unknown. Raises Refused for an answer that OpenSSL does not trust."""
    asked = ("-issuer", str(issuer), "-cert", str(certificate), "-url", ocsp_address(certificate))
    told = run("ocsp", *asked, "-CAfile", str(anchor), "-verify_other", str(issuer))
    said = re.search(rf"^{re.escape(str(certificate))}: (\w+)", told, re.MULTILINE)
    if said is None:
        raise Refused(_reason(told))
    return str(said[1])


def serial(certificate: Path) -> str:
    """The serial number, as lower-case hex without leading zeros."""
    return run("x509", "-in", str(certificate), "-noout", "-serial").strip().partition("=")[2].lower().lstrip("0")


def crl_to_pem(der: bytes, path: Path) -> None:
    """Store a CRL as it came from its address (DER, RFC 5280 4.2.1.13) in the form that `verify` reads."""
    subprocess.run(["openssl", "crl", "-inform", "DER", "-out", str(path)], input=der, check=True, capture_output=True)


def revoked(crl: Path) -> set[str]:
    """The serial numbers that a CRL lists."""
    text = run("crl", "-in", str(crl), "-noout", "-text")
    return {found.lower().lstrip("0") for found in re.findall(r"Serial Number: ([0-9A-Fa-f]+)", text)}


def verify(certificate: Path, purpose: str, anchor: Path, between: Path, crls: list[Path]) -> None:
    """Path validation with revocation. Raises Refused with OpenSSL's reason."""
    lists = [part for crl in crls for part in ("-CRLfile", str(crl))]
    trust = ("-no-CApath", "-no-CAstore", "-CAfile", str(anchor), "-untrusted", str(between))
    run("verify", *_STRICT, "-purpose", purpose, *trust, *lists, str(certificate))


def sign_and_encrypt(mail: Path, sender: tuple[Path, Path], between: Path, recipient: Path, out: Path) -> None:
    """A signed and then encrypted message. `sender` is certificate and key of the signing pair."""
    certificate, key = sender
    signed = out.with_suffix(".signed")
    run(
        *("cms", "-sign", "-in", str(mail), "-signer", str(certificate), "-inkey", str(key)),
        *("-certfile", str(between), "-md", "sha256", "-out", str(signed)),
    )
    run("cms", "-encrypt", "-aes-256-cbc", "-in", str(signed), "-out", str(out), str(recipient))


def decrypt_and_verify(message: Path, recipient: tuple[Path, Path], anchor: Path) -> str:
    """The text of a message that was encrypted to `recipient` and signed by somebody under `anchor`."""
    certificate, key = recipient
    opened = message.with_suffix(".opened")
    run("cms", "-decrypt", "-in", str(message), "-recip", str(certificate), "-inkey", str(key), "-out", str(opened))
    return run("cms", "-verify", "-in", str(opened), "-CAfile", str(anchor), "-purpose", SIGN, "-x509_strict")


def run(*arguments: str) -> str:
    """One OpenSSL command; its standard output. Raises Refused if it fails."""
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise Refused(_reason(done.stderr + done.stdout))
    return done.stdout


def _reason(output: str) -> str:
    named = re.search(r"^error .*?: (.+)$", output, re.MULTILINE)
    return named[1] if named else " ".join(output.split())[-300:]
