"""Whose a file is that lies where one of ours belongs. A name tells nothing: two authorities may have the same; a key tells.

What is nobody's, since it is empty, cut off or something else altogether, is not another's. What is a certificate, a message of
certificates or a list and cannot be told to be ours is another's: it stays.
"""

from contextlib import suppress

from directca.pki import cms, der, oids
from directca.pki.certificate_view import read_certificate, read_issuer
from directca.pki.crl_view import read_crl
from directca.pki.der import DerError
from directca.pki.extensions import read_authority_key_id
from directca.pki.shapes import exactly
from directca.pki.signatures import BadSignatureError, check_signature

_SIGNED = (der.SEQUENCE, der.SEQUENCE, der.BIT_STRING)


def certificate_of_another(content: bytes, own: bytes) -> bool:
    """Whether it is a certificate of another key than that of our certificate."""
    return _is_signed(content) and _key(content) != _key(own)


def chain_of_another(content: bytes, own: bytes) -> bool:
    """Whether it is a certs-only message without a certificate of our certificate's key."""
    try:
        held = cms.read_certs_only(content)
    except DerError:
        return False
    return _key(own) not in {_key(one) for one in held}


def list_of_another(content: bytes, own: bytes) -> bool:
    """Whether it is a list that does not say that the key of our certificate signed it (RFC 5280 5.2.1)."""
    if not _is_signed(content):
        return False
    issuer = read_issuer(own)
    with suppress(DerError):
        view = read_crl(content)
        signer = view.extension(oids.AUTHORITY_KEY_ID)
        return signer is None or (view.issuer_der, read_authority_key_id(signer.value)) != (issuer.name_der, issuer.key_id)
    return True


def signed_by_us(content: bytes, own: bytes) -> bool:
    """Whether the key of our certificate signed a list. What it says of its key everybody can write."""
    issuer = read_issuer(own)
    with suppress(DerError, BadSignatureError):
        tbs = der.children(_whole(content), der.SEQUENCE)[0]
        check_signature(issuer, read_crl(content).signature, tbs.encoded)
        return True
    return False


def _is_signed(content: bytes) -> bool:
    """Whether it has the form that certificates and lists share."""
    with suppress(DerError):
        return tuple(part.tag for part in der.children(_whole(content), der.SEQUENCE)) == _SIGNED
    return False


def _whole(content: bytes) -> der.Element:
    (whole,) = exactly(1, der.windows(content))  # without a copy: a list may have 40 megabytes
    return whole


def _key(certificate: bytes) -> bytes | None:
    """The key that is certified; None for a certificate that none of ours can be."""
    with suppress(DerError):
        return read_certificate(certificate).key.der
    return None
