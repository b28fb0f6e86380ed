"""An authority with a smaller key is one that was founded so, by the same founding."""

from pathlib import Path

from bench import authority
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from directca.certificates import authorities
from directca.cli import founding
from directca.db.opening import open_database
from directca.issuance.found import ISSUING
from directca.settings import load


def test_founding_takes_the_smaller_key_that_lies_there(tmp_path: Path) -> None:
    server = authority.server(tmp_path / "var", authority.SMALLER_BITS)
    server._say_what_is_measured()
    founding.make(server.data, founding.SANDBOX_NAMES, sandbox=True, port=11_000)
    settings = load(server.data)
    database = open_database(settings.database, None)
    try:
        with database.read() as tx:
            (issuing,) = (one for one in authorities.known(tx) if one.id == ISSUING)
    finally:
        database.close()
    key = x509.load_der_x509_certificate(issuing.certificate_der).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == authority.SMALLER_BITS


def test_the_database_that_was_named_is_used(tmp_path: Path) -> None:
    server = authority.server(tmp_path / "var", database="postgresql://directca@127.0.0.1:1/test0")
    server._say_what_is_measured()
    settings = load(server.data)
    assert str(settings.database) == "test0 at 127.0.0.1"
    assert settings.sandbox.enabled
