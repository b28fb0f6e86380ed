"""The verbs of addresses, called by somebody before an office for what belongs to its applicant."""

from directca.vetting import actors, address_upload, addresses, evidence
from directca.vetting.address_model import AddressFilter
from directca.vetting.case_model import Actor
from directca.vetting.model import EVERY_MAILBOX, DomainMethod
from tests.applications import Office
from tests.case_calls import Call, alike, organization_of
from tests.clinic import recording
from tests.people import OPERATOR


def verified_organization(office: Office) -> tuple[str, str]:
    """A new organization of the applicant's account with a verified domain, of which every mailbox is authorized; the domain."""
    about = organization_of(office)
    domain = f"d{about}.example"
    with office.desk.database.write() as tx:
        by = recording(office.clock.now())
        evidence.verify_domain(tx, about, domain, DomainMethod.DNS_TXT, "seen", by)
        evidence.authorize_mailbox(tx, about, domain, EVERY_MAILBOX, None, by)
    return about, domain


def _authorize(office: Office, doer: Actor) -> object:
    about, domain = verified_organization(office)
    return alike(
        lambda: addresses.authorize(office.desk, doer, about, f"ann@{domain}", None),
        lambda: addresses.withdraw(office.desk, doer, about, f"*@{domain}"),
        lambda: address_upload.bring(office.desk, doer, about, f"address\nben@{domain}".encode()),
    )


def _see(office: Office, doer: Actor) -> object:
    about, domain = verified_organization(office)
    brought = address_upload.bring(office.desk, actors.operator(OPERATOR), about, f"address\nben@{domain}".encode())
    return alike(
        lambda: addresses.listed(office.desk, doer, about, AddressFilter()),
        lambda: address_upload.uploads(office.desk, doer, about),
        lambda: address_upload.show(office.desk, doer, brought.id),
        lambda: address_upload.wrong_rows(office.desk, doer, brought.id),
    )


OF_ADDRESSES: dict[str, Call] = {"AUTHORIZE_ADDRESS": _authorize, "SEE_ADDRESSES": _see}
"""What an account does about its organizations' addresses."""
