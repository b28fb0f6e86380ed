"""What is declared before the registration authority, word for word. A record names the version; a changed text is a new one.

The certificate policy wants both declarations with every identity proofing, and the category as an attestation on file.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Declarations:
    """The three texts of one version."""

    representative: str
    verifier: str
    category: str


CURRENT: Final = "1.0"
"""The version that must be declared now."""

TEXTS: Final = MappingProxyType(
    {
        "1.0": Declarations(
            representative="I declare under penalty of perjury that I am the person whose evidence of identity was shown, that "
            "everything said about me is true, and that I am authorized to act for the organization.",
            verifier="I declare under penalty of perjury that I verified the identity of this person by the evidence named here, "
            "on the day named here, and that the evidence appeared genuine and belonged to this person.",
            category="I attest for the organization that it is of each category named here, as the certificate policy defines "
            "Covered Entity, Business Associate, Healthcare Entity and Patient, and that it will say so when that changes.",
        )
    }
)
