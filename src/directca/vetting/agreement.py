"""The subscriber agreement: its text, and its acceptance by whoever speaks for the organization.

Issuing asks for the version that the certificate policy names (`check.py`). An authority with an agreement of its own names
another version in its policy, gives its text to its customers itself, and has no text here.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from directca.accounts import permissions
from directca.vetting import actors, evidence, evidence_store
from directca.vetting.case_file import own_organization
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.model import Agreement, Organization

_FIRST = """
What the organization tells the certificate authority about itself, its people, its domains and its addresses is true, and it
says at once when something of it changes.

The private keys are made and kept so that nobody uses them but those for whom the certificates are, or systems that act for them.

The certificates are used for Direct messages alone, lawfully, and as the certificate policy allows.

The organization looks at each certificate when it is issued, and asks for its revocation if something in it is wrong.

It asks for revocation at once when a key is lost or may be in other hands, when somebody or an address belongs to it no more, or
when it ends; and it signs with no key whose certificate is revoked or has expired.

The certificate authority may revoke a certificate at any time when this agreement or the certificate policy is not kept.
"""

TEXTS: Final = MappingProxyType({"1.0": tuple(" ".join(one.split()) for one in _FIRST.split("\n\n"))})
"""The paragraphs of each version that ships. A changed text is a new version."""


@dataclass(frozen=True)
class AgreementPage:
    """The agreement that must be accepted now, and who has accepted it for the organization, if somebody has."""

    organization: Organization
    version: str
    text: tuple[str, ...]
    accepted: Agreement | None


def agreement_page(desk: Registration, actor: Actor, organization_id: str) -> AgreementPage:
    """The current agreement, for an organization of the actor's account. Raises NoSuchOrganization."""
    version = desk.rules.agreement_version
    with desk.database.read() as tx:
        about = own_organization(tx, actor, organization_id)
        known = [one for one in evidence_store.agreements(tx, about.id) if one.version == version]
    return AgreementPage(about, version, TEXTS.get(version, ()), known[0] if known else None)


def accept(desk: Registration, actor: Actor, organization_id: str, version: str) -> Agreement:
    """Accept the current version for an organization; the same again changes nothing. It is on file who did, and when.

    Raises NotPermitted, NoSuchOrganization, OrganizationState, and BadVettingRecord for a version that is not the current one.
    """
    with desk.database.write() as tx:
        about = own_organization(tx, actor, organization_id)
        actors.require_own(tx, actor, permissions.ACCEPT_AGREEMENT)
        by = actor.names[0] if actor.names else actor.id
        return evidence.accept_agreement(tx, about.id, version, by, desk.recording(actor.journalled))
