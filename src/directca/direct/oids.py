"""DirectTrust's object identifiers, arc 1.3.6.1.4.1.41179, and the words for them.

Only what is published is here. Which of these an authority may assert is policy, so that stands in the policy file.
"""

from enum import StrEnum
from typing import Final

ARC: Final = "1.3.6.1.4.1.41179"

CERTIFICATE_POLICY: Final = f"{ARC}.0.1"
"""The certificate policy without a version: what CA certificates assert."""


class CpVersion(StrEnum):
    """The version of the certificate policy; an end entity asserts exactly one."""

    V1_2 = f"{CERTIFICATE_POLICY}.2"
    V1_3 = f"{CERTIFICATE_POLICY}.3"


class Assurance(StrEnum):
    """The level of assurance of the identity proofing; an end entity asserts exactly one, as a rule LoA 3."""

    LOA1 = f"{ARC}.1.1"
    LOA2 = f"{ARC}.1.2"
    LOA3 = f"{ARC}.1.3"
    LOA4 = f"{ARC}.1.4"


class Category(StrEnum):
    """What the organization is under HIPAA; an end entity asserts exactly one."""

    COVERED_ENTITY = f"{ARC}.2.1"
    BUSINESS_ASSOCIATE = f"{ARC}.2.2"
    HEALTHCARE_ENTITY = f"{ARC}.2.3"
    PATIENT = f"{ARC}.2.4"


class OrganizationType(StrEnum):
    """The API's words for the categories (`organizationType`)."""

    COVERED_ENTITY = "CoveredEntity"
    BUSINESS_ASSOCIATE = "BusinessAssociate"
    HEALTH_ENTITY = "HealthEntity"
    PATIENT = "Patient"

    @property
    def category(self) -> Category:
        """The object identifier that certificates assert for this type."""
        return _CATEGORIES[self]


_CATEGORIES: Final = {
    OrganizationType.COVERED_ENTITY: Category.COVERED_ENTITY,
    OrganizationType.BUSINESS_ASSOCIATE: Category.BUSINESS_ASSOCIATE,
    OrganizationType.HEALTH_ENTITY: Category.HEALTHCARE_ENTITY,
    OrganizationType.PATIENT: Category.PATIENT,
}
