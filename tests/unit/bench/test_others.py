"""Other people's authorities: what they are asked, what their registers must have, and what is said of missing ones."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from bench import orders, others, peers
from bench.others import CFSSL, DJANGO_CA, OPENSSL, Line
from bench.peers import OpensslCa, Peer, Turn
from bench.server import Failed
from cryptography import x509


class APeer(Peer):
    """One that is fast, and keeps what it says it keeps."""

    name, key, how = "a peer", "RSA-2048", "HTTP"

    def __init__(self, kept: int = 0) -> None:
        self._kept = kept

    def turn(self, certificates: int) -> Turn:
        return Turn(certificates, 1.0)

    def stored(self) -> int:
        return self._kept


def a_request(name: str) -> str:
    return orders._request(name, *orders._two_primes(0))


def test_openssl_makes_one_after_the_other(tmp_path: Path) -> None:
    peer = OpensslCa(tmp_path / "openssl", [a_request("alice@direct.example.org"), a_request("bob@direct.example.org")])
    assert [peer.turn(1).certificates, peer.turn(1).certificates] == [1, 1]
    assert peer.stored() == 2
    made = x509.load_pem_x509_certificate((tmp_path / "openssl" / "02.pem").read_bytes())
    assert made.subject.rfc4514_string() == "CN=bob@direct.example.org"


def test_a_program_that_is_not_installed_is_named_with_its_package() -> None:
    with pytest.raises(Failed, match=r"no-such-ca is not installed \(Debian: golang-none\)"):
        peers._installed("no-such-ca", "golang-none")


def test_what_is_not_here_is_said_to_be_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with ExitStack() as stack:
        found, missing = others._others(stack, tmp_path, [], None, "PostgreSQL is not installed")
    assert found == []
    assert missing[CFSSL] == missing[DJANGO_CA] == "PostgreSQL is not installed"
    assert missing[OPENSSL] == "openssl is not installed (Debian: openssl)"


def test_ratios_are_those_of_the_first_row(tmp_path: Path) -> None:
    ours = [Line("ours", APeer(), [Turn(300, 1.0), Turn(100, 1.0)]), Line("slower", APeer(), [Turn(10, 1.0)])]
    result = others._result(ours, [Line(CFSSL, APeer(), [Turn(101, 1.0)])], {DJANGO_CA: "it is not in the index"})
    rows = result.tables[0].rows
    assert rows[2][3:] == ("101", "× 2.0", "≥ 2: missed")
    assert rows[3][0] == "django-ca: not measured"
    assert result.ratios == {"to CFSSL": 1.98}
    assert "django-ca was not measured: it is not in the index." in result.notes


def test_a_register_that_has_fewer_than_were_asked_for_is_not_measured() -> None:
    with pytest.raises(Failed, match="asked for 10 certificates, and its register has 9"):
        others._check(Line("a", APeer(kept=9), [Turn(10, 1.0)]))
    others._check(Line("a", APeer(kept=10), [Turn(10, 1.0)]))
