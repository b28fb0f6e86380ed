"""Authority over single addresses: given, taken back and listed by whoever speaks for the organization.

It is the representative's word that the organization may have certificates for a mailbox, and no proof of the domain: issuing
asks for both (`check.py`).
"""

from datetime import datetime

from directca.accounts import permissions
from directca.db.engine import Tx
from directca.vetting import actors, address_store, evidence, organizations
from directca.vetting.address_model import AddressFilter, AddressPage
from directca.vetting.case_file import own_organization
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.errors import BadVettingRecord
from directca.vetting.model import MailboxAuthority, Organization
from directca.vetting.policy import one_address


def authorize(
    desk: Registration, actor: Actor, organization_id: str | None, address: str, expires_at: datetime | None
) -> MailboxAuthority:
    """Let the organization have certificates for an address, `*@domain` for each of the domain. The same again changes nothing.

    Raises NotPermitted, NoSuchOrganization, OrganizationState, BadDirectName, BadVettingRecord, NoSuchClaim.
    """
    domain, mailbox = one_address(address)
    with desk.database.write() as tx:
        about = speaks_for(tx, actor, organization_id)
        known = address_store.standing(tx, about.id, domain, mailbox)
        if known is not None and known.expires_at == expires_at:
            return known
        return evidence.authorize_mailbox(tx, about.id, domain, mailbox, expires_at, desk.recording(actor.journalled))


def withdraw(desk: Registration, actor: Actor, organization_id: str | None, address: str) -> Organization:
    """End the authority over an address. Certificates that were issued stay; no other is issued for it.

    Raises NotPermitted, NoSuchOrganization, OrganizationState, BadDirectName, BadVettingRecord, NoSuchAuthority.
    """
    domain, mailbox = one_address(address)
    with desk.database.write() as tx:
        about = speaks_for(tx, actor, organization_id)
        evidence.withdraw_mailbox(tx, about.id, domain, mailbox, desk.recording(actor.journalled))
        return about


def listed(desk: Registration, actor: Actor, organization_id: str | None, wanted: AddressFilter) -> AddressPage:
    """Some of the organization's authorities, and how many there are. Raises NoSuchOrganization, BadVettingRecord."""
    with desk.database.read() as tx:
        about = chosen(tx, actor, organization_id)
        found = address_store.page(tx, about.id, wanted)
        total = address_store.count(tx, about.id, wanted)
        last = (found[-1].domain, found[-1].mailbox) if len(found) == wanted.limit else None
        more = last is not None and bool(
            address_store.page(tx, about.id, AddressFilter(wanted.domain, wanted.begins, last, limit=1))
        )
    return AddressPage(about.id, about.facts.legal_name, found, total, more)


def speaks_for(tx: Tx, actor: Actor, organization_id: str | None) -> Organization:
    """The organization, for somebody who may give authority over its mailboxes. Raises NotPermitted, NoSuchOrganization,
    OrganizationState, BadVettingRecord, AccountSuspended."""
    about = chosen(tx, actor, organization_id)
    actors.require_own(tx, actor, permissions.AUTHORIZE_ADDRESS)
    return organizations.require_open(tx, about.id)


def chosen(tx: Tx, actor: Actor, organization_id: str | None) -> Organization:
    """The organization that is named, or the account's only one. Raises NoSuchOrganization, BadVettingRecord."""
    if organization_id is not None:
        return organizations.find(tx, organization_id) if actor.is_operator else own_organization(tx, actor, organization_id)
    only = organizations.only_of_account(tx, actor.account_id or "")
    if only is None:
        raise BadVettingRecord("Say which organization is meant, by its identifier.", field="organization")
    return only
