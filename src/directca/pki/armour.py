"""The text forms in which certification requests arrive: PEM (RFC 7468), bare base64, base64url (RFC 4648), folded anyhow."""

import binascii
import re
from typing import Final

from directca.pki.errors import BadCsr

MAXIMUM_OCTETS: Final = 16 * 1024
_MAXIMUM_CHARACTERS: Final = 64 * 1024

_PEM: Final = re.compile(r"-----BEGIN (?P<label>(?:NEW )?CERTIFICATE REQUEST)-----(?P<body>[^-]*)-----END (?P=label)-----")
_URL_DIGITS: Final = bytes.maketrans(b"-_", b"+/")
_FOLDS: Final = b" \t\r\n\v\f"


def dearmour(text: str) -> bytes:
    """The octets of one certification request. Raises BadCsr, which says what is wrong with the text."""
    if len(text) > _MAXIMUM_CHARACTERS:
        raise BadCsr(f"The request is longer than {MAXIMUM_OCTETS} octets. Send one PKCS #10 request and nothing else.")
    # Whatever is no digit of base64 stays, and is refused below.
    body = _body(text).encode("ascii", "replace").translate(_URL_DIGITS, _FOLDS)
    digits = body.rstrip(b"=")
    if not digits:
        raise BadCsr("The request is empty. Send a PKCS #10 certification request in base64 or PEM.")
    padding = len(body) - len(digits)
    # Padding may be left out, as base64url does; where it is there, it is the right one.
    if len(digits) % 4 == 1 or padding not in {0, -len(digits) % 4}:
        raise _neither()
    try:
        octets = binascii.a2b_base64(digits + b"=" * (-len(digits) % 4), strict_mode=True)
    except binascii.Error as error:
        raise _neither() from error
    if len(octets) > MAXIMUM_OCTETS:
        raise BadCsr(f"The request is longer than {MAXIMUM_OCTETS} octets. Send one PKCS #10 request and nothing else.")
    if octets.startswith(b"-----BEGIN"):
        raise BadCsr("The base64 holds a PEM text, which is base64 already. Send the PEM text as it is, or base64 of the DER.")
    return octets


def _neither() -> BadCsr:
    return BadCsr("The request is neither base64 nor PEM. Send a PKCS #10 certification request in one of these.")


def _body(text: str) -> str:
    if "-----BEGIN" not in text:
        return text
    if r"\n" in text:
        raise BadCsr(
            r"The PEM text has \n written out, as two characters, where its lines end. Escape line ends once, not twice."
        )
    # Text around the block is allowed (RFC 7468 2), and GnuTLS and NSS write a summary there. A second block is not.
    pem = _PEM.search(text)
    if pem is None or text.count("-----BEGIN") != 1:
        raise BadCsr(
            "The PEM text is not one CERTIFICATE REQUEST from its BEGIN to its END line. "
            "Send the request alone, without keys or certificates."
        )
    return pem["body"]
