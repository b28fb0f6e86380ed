"""`directca client` against the real server, from sign-in to sign-out, as its user types it."""

import json
import os
import secrets
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.live import ROOT, LiveServer

pytestmark = pytest.mark.slow
# The same program as `directca client`, which the last test starts; loading the whole authority for each command takes long.
COMMAND = [sys.executable, "-m", "directca.cli.client"]


@dataclass(frozen=True)
class Person:
    """Somebody at a terminal, with a home and a working folder."""

    home: Path
    live: LiveServer

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Type one command."""
        return subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60, cwd=self.home, env=self.environment
        )

    def record(self, *arguments: str) -> dict[str, object]:
        """Type one command that must succeed, and read its JSON."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        found: dict[str, object] = json.loads(done.stdout)
        return found

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the server's settings, and a configuration folder of one's own."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DIRECTCA_")}
        return {**kept, "XDG_CONFIG_HOME": str(self.home / "config"), "PYTHONPATH": str(ROOT / "src")}

    def log_in(self, *, decision: str = "grant") -> subprocess.CompletedProcess[str]:
        """`login`, with the pages of sign-in and consent in a browser."""
        arguments = [*COMMAND, "login", "--server", self.live.base_url, "--no-browser", "--wait", "60"]
        with subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.home, env=self.environment
        ) as login:
            assert login.stderr is not None
            link = next(line for line in login.stderr if line.startswith("http")).strip()
            back = self.live.redirect_after_consent(link, decision=decision)
            assert httpx2.get(back).status_code == 200
            out, err = login.communicate(timeout=60)
            return subprocess.CompletedProcess(arguments, login.returncode, out, err)


@pytest.fixture
def person(live: LiveServer, tmp_path: Path) -> Person:
    """Somebody who has never used the client."""
    return Person(tmp_path, live)


def test_a_life_of_a_pair(person: Person) -> None:
    name = f"client-{secrets.token_hex(4)}@{person.live.first.direct_domain}"
    assert person.log_in().returncode == 0

    assert person.record("issue", name, "--years", "1", "--key-size", "2048", "--dry-run")
    assert not (person.home / name).exists()
    assert person("show", name).returncode == 1

    (person.home / "password").write_text("correct horse battery\n")
    issued = person.record(
        "issue", name, "--years", "1", "--key-size", "2048", "--p12", "--p12-password-file", str(person.home / "password")
    )
    assert (issued["identifier"], issued["status"]) == (name, "issued")
    assert_pair_fits(person.home / name / "1", issued)
    assert (person.home / name / "1" / "signing.p12").exists()

    assert person.record("show", name) == issued
    found = person.record("query", "--name", name)
    assert found["records"] == [issued]

    renewed = person.record("renew", name, "--years", "2")
    assert renewed["signing_cert_serial"] != issued["signing_cert_serial"]
    assert_pair_fits(person.home / name / "2", renewed)

    reissued = person.record("reissue", name, "--rekey", "--key-size", "2048")
    assert reissued["not_after_ts"] == renewed["not_after_ts"]
    assert_pair_fits(person.home / name / "3", reissued)
    assert (person.home / name / "current").readlink() == Path("3")

    assert "● issued" in person("show", name).stdout
    held = person.record("revoke", name, "--reason", "certificateHold", "--yes")
    assert held["status"] == "held"
    released = person.record("revoke", name, "--reason", "removeFromCRL", "--yes")
    assert released["status"] == "issued"
    revoked = person.record("revoke", name, "--reason", "cessationOfOperation", "--yes")
    assert (revoked["status"], revoked["revocation_reason"]) == ("revoked", "cessationOfOperation")

    assert person("logout").returncode == 0
    assert person("show", name).returncode == 2


def test_refusals_carry_the_code_and_the_request_id(person: Person) -> None:
    assert person.log_in().returncode == 0
    done = person("issue", f"alice@{person.live.second.direct_domain}", "--years", "1", "--key-size", "2048")
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert "status 403" in second
    assert "request_id" in second
    done = person("revoke", f"nobody@{person.live.first.direct_domain}", "--reason", "unspecified", "--yes")
    assert done.returncode == 1
    assert "status 404" in done.stderr


def test_tokens_are_renewed_and_a_sign_out_ends_them(person: Person) -> None:
    assert person.log_in().returncode == 0
    (file,) = (person.home / "config" / "directca" / "sign-ins").glob("*.json")
    before = json.loads(file.read_text())
    file.write_text(json.dumps({**before, "expires_at": "2026-01-01T00:00:00+00:00"}))
    assert person("query").returncode == 0
    after = json.loads(file.read_text())
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert person("logout").returncode == 0
    (person.home / "token").write_text(after["access_token"])
    done = person("query", "--server", person.live.base_url, "--token-file", "token")
    assert done.returncode == 1
    assert "invalid_token" in done.stderr


def test_refusing_consent_ends_the_login(person: Person) -> None:
    done = person.log_in(decision="refuse")
    assert done.returncode == 1
    assert "access_denied" in done.stderr
    assert person("query").returncode == 2


def test_the_authoritys_own_command_has_the_client_in_it(person: Person) -> None:
    arguments = [sys.executable, "-m", "directca", "client", "query"]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=False, timeout=60, cwd=person.home, env=person.environment
    )
    assert done.returncode == 2
    assert "directca client login" in done.stderr


def assert_pair_fits(folder: Path, record: dict[str, object]) -> None:
    """The folder's certificates are the record's, each for the key beside it, all for their owner alone."""
    for role in ("signing", "encryption"):
        key = serialization.load_pem_private_key((folder / f"{role}.key.pem").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / f"{role}.cert.pem").read_bytes())
        assert certificate.public_key() == key.public_key()
        assert f"{certificate.serial_number:x}" == record[f"{role}_cert_serial"]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
