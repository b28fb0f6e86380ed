"""A list that was signed elsewhere, as its bytes say it, once its signature was found to be the authority's own."""

from dataclasses import dataclass
from datetime import datetime

from directca.pki import der, oids
from directca.pki.crl import RevokedEntry
from directca.pki.crl_view import CrlView, read_crl, read_entries
from directca.pki.der import DerError
from directca.pki.lints.crl_rules import read_entry
from directca.pki.signatures import BadSignatureError, check_signature
from directca.pki.templates import Issuer
from directca.revocation.authority_errors import BadCrlFile

MOST_OCTETS = 4 * 1024 * 1024
"""A list of the authorities that a root has revoked is some hundred octets long."""


@dataclass(frozen=True)
class BroughtList:
    """The bytes, and what they say."""

    der: bytes
    to_be_signed: bytes
    number: int
    this_update: datetime
    next_update: datetime
    entries: tuple[RevokedEntry, ...]


def read(encoded: bytes, issuer: Issuer) -> BroughtList:
    """Read a DER CRL that this issuer's key signed. Raises BadCrlFile."""
    if len(encoded) > MOST_OCTETS:
        raise BadCrlFile(f"The file is larger than {MOST_OCTETS} octets, which no list of an offline authority is.")
    try:
        view = read_crl(encoded)
        found = BroughtList(
            der=encoded,
            to_be_signed=der.children(der.read(encoded), der.SEQUENCE)[0].encoded,
            number=_number(view),
            this_update=der.read_time(view.this_update),
            next_update=der.read_time(view.next_update),
            entries=tuple(map(read_entry, read_entries(view.entries))),
        )
        check_signature(issuer, view.signature, found.to_be_signed)
    except BadSignatureError as error:
        raise BadCrlFile("The list was not signed by this authority's key.") from error
    except DerError as error:
        raise BadCrlFile(f"The file is not a CRL in DER as this authority makes them: {error}") from error
    return found


def _number(view: CrlView) -> int:
    extension = view.extension(oids.CRL_NUMBER)
    if extension is None:
        raise DerError("There is no cRLNumber.")
    return der.read_integer(der.read(extension.value))
