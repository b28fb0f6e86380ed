"""Makes the OCSP requests of this folder, each with another program, as that program writes them by default.

Run it by hand where openssl, ocsptool (GnuTLS), certutil and ocspclnt (NSS) and a JDK are installed: `python generate.py`.
What asks over HTTP is answered by a server on loopback that knows nothing and keeps the bytes. The CA is made in a temporary
folder and thrown away with it.
"""

import base64
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import unquote

HERE = Path(__file__).parent
TRY_LATER = bytes.fromhex("30030a0103")
SERIAL = "0x5080c7b7d0e31ba75911a67ddd3d35e7"
ASK_IN_JAVA = HERE / "Ask.java"


class Asked(BaseHTTPRequestHandler):
    """Answers `tryLater` to everything, and remembers what was asked."""

    requests: list[bytes]

    def do_POST(self) -> None:
        self._keep(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        self._keep(base64.b64decode(unquote(self.path.lstrip("/"))))

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def _keep(self, request: bytes) -> None:
        self.requests.append(request)
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(TRY_LATER)))
        self.end_headers()
        self.wfile.write(TRY_LATER)


def main() -> None:
    """Write one file for each program and manner."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        certify(scratch)
        openssl(scratch, "openssl-nonce")
        openssl(scratch, "openssl", "-no_nonce")
        openssl(scratch, "openssl-sha256", "-sha256", "-no_nonce")
        openssl(scratch, "openssl-two", "-no_nonce", "-serial", "0x0a")
        openssl(scratch, "openssl-signed", "-signer", str(scratch / "ca.pem"), "-signkey", str(scratch / "ca.key"))
        with listening() as (address, requests):
            gnutls(scratch, address)
            keep("gnutls-nonce", requests)
            nss(scratch, address)
            keep("nss", requests)
            java(scratch, address)
            keep("java", requests)
            java(scratch, address, "-Djdk.security.certpath.ocspNonce=true")
            keep("java-nonce", requests)


def certify(scratch: Path) -> None:
    """A CA and a certificate of its."""
    new = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30")
    ca, end = (("-keyout", str(scratch / f"{name}.key"), "-out", str(scratch / f"{name}.pem")) for name in ("ca", "end"))
    run(*new, "-subj", "/C=US/O=Example Health/CN=Example CA", *ca)
    signer = ("-CA", str(scratch / "ca.pem"), "-CAkey", str(scratch / "ca.key"))
    run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=alice@direct.example.org", *end)
    asked = ("-in", str(scratch / "end.pem"), "-out", str(scratch / "end.pem"))
    run("openssl", "x509", "-req", *asked, *signer, "-set_serial", SERIAL, "-days", "20")


def openssl(scratch: Path, name: str, *options: str) -> None:
    """OpenSSL's `ocsp`; a digest counts for the certificates behind it."""
    digest = [option for option in options if option.startswith("-sha")]
    rest = [option for option in options if option not in digest]
    asked = ("-issuer", str(scratch / "ca.pem"), *digest, "-cert", str(scratch / "end.pem"))
    run("openssl", "ocsp", *asked, *rest, "-reqout", str(HERE / f"{name}.der"))


def gnutls(scratch: Path, address: str) -> None:
    """GnuTLS's ocsptool."""
    files = ("--load-issuer", str(scratch / "ca.pem"), "--load-cert", str(scratch / "end.pem"))
    run("ocsptool", f"--ask={address}", "--nonce", *files, refused=True)


def nss(scratch: Path, address: str) -> None:
    """NSS's ocspclnt."""
    database = f"sql:{scratch}"
    run("certutil", "-N", "-d", database, "--empty-password")
    run("certutil", "-A", "-d", database, "-n", "ca", "-t", "CT,C,C", "-a", "-i", str(scratch / "ca.pem"))
    run("certutil", "-A", "-d", database, "-n", "end", "-t", ",,", "-a", "-i", str(scratch / "end.pem"))
    run("ocspclnt", "-S", "end", "-d", database, "-l", address, "-t", "ca", refused=True)


def java(scratch: Path, address: str, *options: str) -> None:
    """The JDK's revocation checker."""
    run("java", *options, str(ASK_IN_JAVA), str(scratch / "ca.pem"), str(scratch / "end.pem"), address, refused=True)


def keep(name: str, requests: list[bytes]) -> None:
    """The last request, as a vector."""
    (HERE / f"{name}.der").write_bytes(requests[-1])
    requests.clear()


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback: its address, and what it was asked."""
    Asked.requests = []
    with HTTPServer(("127.0.0.1", 0), Asked) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/", Asked.requests
        server.shutdown()


def run(*command: str, refused: bool = False) -> None:
    """Run a program; one that asks is not content with the answer."""
    done = subprocess.run(command, check=False, capture_output=True, timeout=60)
    if done.returncode and not refused:
        raise SystemExit(f"{command}: {done.stderr.decode()}")


if __name__ == "__main__":
    main()
