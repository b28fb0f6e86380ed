"""Why a certificate was revoked: the CRL reasons of RFC 5280 5.3.1, by the words of the API."""

from enum import StrEnum


class RevocationReason(StrEnum):
    """A CRLReason. The value is its name in RFC 5280, which is also the API's word, case-sensitive."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    CA_COMPROMISE = "cACompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    REMOVE_FROM_CRL = "removeFromCRL"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
    AA_COMPROMISE = "aACompromise"

    @property
    def code(self) -> int:
        """The ENUMERATED value in a CRL entry (7 is not used)."""
        return _CODES[self]

    @property
    def on_full_crl(self) -> bool:
        """Whether an entry of a full CRL may give it, by the Direct profile. An entry whose reason may not be given has none."""
        return self not in _NOT_ON_FULL_CRLS


_CODES = {
    RevocationReason.UNSPECIFIED: 0,
    RevocationReason.KEY_COMPROMISE: 1,
    RevocationReason.CA_COMPROMISE: 2,
    RevocationReason.AFFILIATION_CHANGED: 3,
    RevocationReason.SUPERSEDED: 4,
    RevocationReason.CESSATION_OF_OPERATION: 5,
    RevocationReason.CERTIFICATE_HOLD: 6,
    RevocationReason.REMOVE_FROM_CRL: 8,
    RevocationReason.PRIVILEGE_WITHDRAWN: 9,
    RevocationReason.AA_COMPROMISE: 10,
}

_NOT_ON_FULL_CRLS = frozenset(
    {
        RevocationReason.UNSPECIFIED,  # told by no reason at all (5.3.1)
        RevocationReason.REMOVE_FROM_CRL,  # of delta CRLs only (5.3.1)
        RevocationReason.AA_COMPROMISE,  # of attribute certificates, which no Direct CA issues (X.509 8.5.2.2)
    }
)
