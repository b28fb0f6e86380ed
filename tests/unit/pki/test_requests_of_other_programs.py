"""Requests as OpenSSL, GnuTLS, NSS and Java write them (tests/vectors/requests, with their generator)."""

from pathlib import Path

import pytest

from directca.pki import requests

VECTORS = Path(__file__).parents[2] / "vectors" / "requests"
FILES = sorted(VECTORS.glob("*.pem"))
EXTENSIONS = {
    "gnutls": {"2.5.29.19", "2.5.29.37", "2.5.29.15"},
    "java": {"2.5.29.14"},
    "openssl-san": {"2.5.29.17", "2.5.29.19"},
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_is_read(file: Path) -> None:
    request = requests.parse(file.read_text("ascii"))
    assert request.common_name.value == "alice@direct.example.org"
    assert request.organization == "Example Clinic"
    assert request.organizational_units == ("Ward 1",)
    assert set(request.requested_extensions) == EXTENSIONS.get(file.stem, set())


def test_no_program_is_missing() -> None:
    assert {file.stem for file in FILES} >= {"openssl", "openssl-pss", "gnutls", "nss", "java"}
