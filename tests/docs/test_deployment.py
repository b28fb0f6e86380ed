"""What the deployment chapter gives to copy: units of systemd that are tight, a configuration for nginx, settings."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from directca.settings import read
from tests import authority
from tests.live import ROOT
from tests.material import rsa_key

UNITS = ROOT / "deploy" / "systemd"
PAGE = (ROOT / "docs" / "operator" / "deployment.md").read_text(encoding="utf-8")
PROGRAM = "/opt/directca/.venv/bin/directca"
MOST_EXPOSED = 20
"""Of 100, as `systemd-analyze security` counts; a service without any hardening has 96."""

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def block(language: str, word: str) -> str:
    """The one block of the page in a language that has a word."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if word in text]
    return found


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units, with a program that this machine has."""
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS.iterdir():
        (folder / unit.name).write_text(unit.read_text(encoding="utf-8").replace(PROGRAM, "/bin/true"))
    return folder


@needs_systemd
def test_systemd_takes_the_units(units: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", *sorted(units.iterdir())], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_the_services_are_tight(units: Path) -> None:
    words = ["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSED}"]
    for unit in sorted(units.glob("*.service")):
        done = subprocess.run([*words, unit], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{unit.name}: {done.stdout.splitlines()[-1]}"


def test_every_service_has_the_same_walls() -> None:
    """But that the server may open many files, and may let what it starts wait for others."""
    walls = []
    for unit in sorted(UNITS.glob("*.service")):
        lines = {
            line
            for line in unit.read_text(encoding="utf-8").splitlines()
            if re.match(r"(Protect|Private|Restrict|System|Limit)", line)
        }
        walls.append(lines - {"LimitNOFILE=65536", "SystemCallFilter=setpriority"})
    assert walls[0]
    assert all(one == walls[0] for one in walls)


def test_the_page_names_the_units_and_the_paths_that_they_use() -> None:
    text = (UNITS / "directca.service").read_text(encoding="utf-8")
    for path in ("/srv/directca", "/etc/directca/key-passphrase", "/run/credentials/directca.service/key-passphrase"):
        assert path in text, path
        assert path in PAGE, path
    for unit in UNITS.glob("*.timer"):
        assert unit.name in PAGE


def test_the_settings_are_settings() -> None:
    settings = read(tomllib.loads(block("toml", "public_url")), Path("/srv/directca"))
    assert (settings.public_url, settings.relying_party_url) == ("https://ca.example.org", "http://pki.example.org")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    """Beside the one for relying parties, as the page says."""
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "tls").mkdir()
    der = authority.issuing_ca().issuer.certificate_der
    assert der is not None
    (tmp_path / "tls" / "chain.pem").write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    pem = rsa_key(authority.CA_KEY, 3072).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "tls" / "key.pem").write_bytes(pem)
    (tmp_path / "conf.d" / "tls.conf").write_text(block("nginx", "ssl_certificate").replace("/etc/directca", str(tmp_path)))
    status = (ROOT / "docs" / "operator" / "nginx.conf").read_text(encoding="utf-8")
    (tmp_path / "conf.d" / "status.conf").write_text(status.replace("/var/cache/nginx/directca", f"{tmp_path}/cache"))
    kept = "".join(f"{what}_temp_path {tmp_path}/{what};" for what in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {kept} include {tmp_path}/conf.d/*.conf; }}"
    )
    done = subprocess.run(
        [NGINX, "-t", "-c", tmp_path / "nginx.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
