"""A certs-only message holds the certificates and nothing else."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import load_der_x509_certificate

from directca.pki.cms import certs_only, read_certs_only
from directca.pki.der import DerError
from tests.authority import issuing_ca, root


def chain() -> list[bytes]:
    return [authority.issuer.certificate_der or b"" for authority in (issuing_ca(), root())]


def test_the_message_is_byte_for_byte_what_the_library_writes() -> None:
    expected = pkcs7.serialize_certificates([load_der_x509_certificate(one) for one in chain()], Encoding.DER)
    assert certs_only(chain()) == expected


def test_order_and_repetition_make_no_difference() -> None:
    assert certs_only(chain()[::-1] + chain()) == certs_only(chain())


def test_it_is_read_back() -> None:
    assert sorted(read_certs_only(certs_only(chain()))) == sorted(chain())


@pytest.mark.parametrize("other", [b"", b"no message", chain()[0], certs_only(chain())[:-1]])
def test_anything_else_is_refused(other: bytes) -> None:
    with pytest.raises(DerError):
        read_certs_only(other)
