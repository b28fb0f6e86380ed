"""A certs-only CMS message (RFC 5652 5, RFC 8551 3.8): certificates in one file, with no content and no signature.

It is what a `.p7c` behind a caIssuers address holds (RFC 5280 4.2.2.1).
"""

from collections.abc import Iterable

from directca.pki import der
from directca.pki.der import DerError
from directca.pki.shapes import exactly

_SIGNED_DATA, _DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"
_VERSION_1 = der.integer(1)


def certs_only(certificates: Iterable[bytes]) -> bytes:
    """The message for DER certificates. The order is that of DER, whatever was given: CMS has a set here."""
    certificate_set = der.explicit(0, b"".join(sorted(set(certificates))))
    signed_data = der.sequence(
        _VERSION_1,
        der.set_of(()),
        der.sequence(der.oid(_DATA)),
        certificate_set,
        der.set_of(()),
    )
    return der.sequence(der.oid(_SIGNED_DATA), der.explicit(0, signed_data))


def read_certs_only(encoded: bytes) -> tuple[bytes, ...]:
    """The certificates of a message, whoever made it. Raises DerError for anything else."""
    kind, content = exactly(2, der.children(der.read(encoded), der.SEQUENCE))
    if der.read_oid(kind) != _SIGNED_DATA:
        raise DerError("A CMS message of another kind.")
    (signed_data,) = exactly(1, der.children(content, 0xA0))
    sets = [part for part in der.children(signed_data, der.SEQUENCE) if part.tag == 0xA0]
    return tuple(one.encoded for part in sets for one in der.children(part))
