"""The key that is cut out of a certificate is the key that a library reads in it."""

import pytest

from directca.pki.certificate_keys import spki_of
from tests.authority import a_certificate, issuing_ca, root
from tests.material import rsa_key, spki_der


@pytest.mark.parametrize("key", [0, 1])
@pytest.mark.parametrize("profile", ["signing", "encryption"])
def test_the_key_of_a_subscribers_certificate(key: int, profile: str) -> None:
    assert spki_of(a_certificate(profile=profile, key=key)) == spki_der(rsa_key(key))


def test_the_key_of_an_authority() -> None:
    for authority in (root(), issuing_ca()):
        assert spki_of(authority.issuer.certificate_der or b"") == authority.issuer.spki_der
