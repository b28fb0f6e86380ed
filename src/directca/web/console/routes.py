"""Where each page of the console is.

Every page can be opened, and its forms are sent to the address of a page: whoever has to sign in, or to show a second factor, in
between is led back to something that is there.
"""

from collections.abc import Callable
from functools import partial

from anyio import CapacityLimiter
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from directca.issuance.model import Verb
from directca.vetting.address_model import LARGEST_FILE
from directca.web.console import (
    address_pages,
    application_pages,
    billing_pages,
    browser_keys,
    bulk_pages,
    case_pages,
    certificate_export,
    certificate_list,
    certificate_page,
    deciding_pages,
    domain_pages,
    identity_page,
    journal_pages,
    letter_pages,
    order_pages,
    organization_pages,
    overview_page,
    payment_pages,
    proposal_pages,
    queue_pages,
    registry_pages,
    revocation_pages,
    state_pages,
    user_pages,
    webhook_pages,
)
from directca.web.console.address_pages import ADDRESSES
from directca.web.console.application_pages import APPLICATIONS
from directca.web.console.billing_pages import BILLING, INVOICES, ORDERS, STATEMENT, TOP_UPS
from directca.web.console.bulk_pages import REPORTS, REVOCATIONS
from directca.web.console.certificate_list import CERTIFICATES, EXPORT
from directca.web.console.context import Console
from directca.web.console.domain_pages import DOMAINS
from directca.web.console.journal_pages import JOURNAL
from directca.web.console.letter_pages import LETTERS
from directca.web.console.organization_pages import CASES, ORGANIZATIONS
from directca.web.console.payment_pages import PAYMENTS
from directca.web.console.proposal_pages import PROPOSALS
from directca.web.console.queue_pages import QUEUE, REGISTRY
from directca.web.console.user_pages import USERS
from directca.web.console.webhook_pages import WEBHOOKS
from directca.web.endpoints import endpoint, methods
from directca.web.forms import LONGEST_FORM, Form
from directca.web.next_page import CONSOLE

Show = Callable[[Console, Request], Response]
Submit = Callable[[Console, Request, Form], Response]

PAGES: tuple[tuple[str, Show, Submit | None], ...] = (
    (CONSOLE, overview_page.show_overview, None),
    (CERTIFICATES, certificate_list.show_certificates, None),
    (EXPORT, certificate_export.send_export, None),
    (f"{CERTIFICATES}/new", order_pages.show_issue, order_pages.submit_issue),
    (f"{CERTIFICATES}/new/browser", browser_keys.page(Verb.ISSUE), browser_keys.answer(Verb.ISSUE)),
    (f"{CERTIFICATES}/{{record}}", certificate_page.show_certificate, None),
    (f"{CERTIFICATES}/{{record}}/renew", order_pages.show_renew, order_pages.submit_renew),
    (f"{CERTIFICATES}/{{record}}/renew/browser", browser_keys.page(Verb.RENEW), browser_keys.answer(Verb.RENEW)),
    (f"{CERTIFICATES}/{{record}}/reissue", order_pages.show_reissue, order_pages.submit_reissue),
    (f"{CERTIFICATES}/{{record}}/reissue/browser", browser_keys.page(Verb.REISSUE), browser_keys.answer(Verb.REISSUE)),
    (f"{CERTIFICATES}/{{record}}/revoke", revocation_pages.show_revoke, revocation_pages.submit_revoke),
    (f"{CERTIFICATES}/{{record}}/hold", revocation_pages.show_hold, revocation_pages.submit_hold),
    (f"{CERTIFICATES}/{{record}}/release", revocation_pages.show_release, revocation_pages.submit_release),
    (f"{CERTIFICATES}/{{record}}/{{file}}", certificate_page.send_file, None),
    (DOMAINS, domain_pages.show_domains, domain_pages.submit_domains),
    (f"{DOMAINS}/{{challenge}}", domain_pages.show_domain, domain_pages.submit_domain),
    (f"{DOMAINS}/{{challenge}}/withdraw", domain_pages.show_withdraw, domain_pages.submit_withdraw),
    (ADDRESSES, address_pages.show_addresses, address_pages.submit_addresses),
    (f"{ADDRESSES}/upload", address_pages.show_upload, address_pages.submit_upload),
    (f"{ADDRESSES}/files/{{file}}", address_pages.show_file, None),
    (f"{ADDRESSES}/withdraw", address_pages.show_withdraw, address_pages.submit_withdraw),
    (ORGANIZATIONS, organization_pages.show_organizations, None),
    (f"{ORGANIZATIONS}/new", organization_pages.show_new, organization_pages.submit_new),
    (f"{ORGANIZATIONS}/{{organization}}", organization_pages.show_organization, organization_pages.submit_organization),
    (f"{ORGANIZATIONS}/{{organization}}/agreement", organization_pages.show_agreement, organization_pages.submit_agreement),
    (f"{ORGANIZATIONS}/people/{{person}}/end", organization_pages.show_retire, organization_pages.submit_retire),
    (identity_page.BEGIN, identity_page.show_identity, identity_page.submit_identity),
    (identity_page.BACK, identity_page.show_back, None),
    (f"{CASES}/{{case}}", case_pages.show_case, case_pages.submit_case),
    (f"{CASES}/{{case}}/facts", case_pages.show_facts, case_pages.submit_facts),
    (f"{CASES}/{{case}}/people", case_pages.show_person, case_pages.submit_person),
    (BILLING, billing_pages.show_billing, billing_pages.submit_billing),
    (f"{TOP_UPS}/{{top_up}}", billing_pages.show_top_up, billing_pages.submit_top_up),
    (ORDERS, billing_pages.show_orders, None),
    (f"{ORDERS}/{{order}}", billing_pages.show_order, billing_pages.submit_order),
    (INVOICES, billing_pages.show_invoices, None),
    (f"{INVOICES}/{{number}}", billing_pages.show_invoice, None),
    (STATEMENT, billing_pages.show_statement, None),
    (USERS, user_pages.show_users, user_pages.submit_users),
    (f"{USERS}/{{person}}", user_pages.show_user, user_pages.submit_user),
    (APPLICATIONS, application_pages.show_applications, None),
    (f"{APPLICATIONS}/new", application_pages.show_new, application_pages.submit_new),
    (f"{APPLICATIONS}/{{client_id}}", application_pages.show_application, application_pages.submit_application),
    (QUEUE, queue_pages.show_queue, None),
    (f"{deciding_pages.CASES}/{{case}}", deciding_pages.show_case, deciding_pages.submit_case),
    (f"{deciding_pages.CASES}/people/{{person}}/numbers", deciding_pages.show_numbers, deciding_pages.submit_numbers),
    (REGISTRY, queue_pages.show_registry, None),
    (f"{REGISTRY}/{{organization}}", registry_pages.show_organization, None),
    (f"{REGISTRY}/{{organization}}/{{act}}", registry_pages.show_act, registry_pages.submit_act),
    (REVOCATIONS, bulk_pages.show_revocations, None),
    (f"{REVOCATIONS}/new", bulk_pages.show_new, bulk_pages.submit_new),
    (REPORTS, bulk_pages.show_reports, None),
    (PROPOSALS, proposal_pages.show_proposals, None),
    (f"{PROPOSALS}/{{proposal}}", proposal_pages.show_proposal, proposal_pages.submit_proposal),
    (f"{REVOCATIONS}/{{job}}", bulk_pages.show_job, bulk_pages.submit_job),
    (JOURNAL, journal_pages.show_journal, None),
    (f"{JOURNAL}/rows/{{position}}", journal_pages.show_row, None),
    (f"{JOURNAL}/verification", journal_pages.show_verification, journal_pages.submit_verification),
    (f"{JOURNAL}/copy", journal_pages.show_copy, journal_pages.submit_copy),
    (PAYMENTS, payment_pages.show_payments, None),
    (f"{PAYMENTS}/{{payment}}", payment_pages.show_payment, payment_pages.submit_payment),
    (state_pages.STATE, state_pages.show_state, None),
    (state_pages.POLICY, state_pages.show_policy, None),
    (state_pages.PRICES, state_pages.show_prices, None),
    (state_pages.SETTINGS, state_pages.show_settings, None),
    (LETTERS, letter_pages.show_letters, letter_pages.submit_letters),
    (WEBHOOKS, webhook_pages.show_webhooks, None),
    (f"{WEBHOOKS}/new", webhook_pages.show_new, webhook_pages.submit_new),
    (f"{WEBHOOKS}/{{webhook}}", webhook_pages.show_webhook, webhook_pages.submit_webhook),
    (f"{WEBHOOKS}/{{webhook}}/change", webhook_pages.show_change, webhook_pages.submit_change),
    (f"{WEBHOOKS}/{{webhook}}/verify", webhook_pages.show_webhook, webhook_pages.submit_verify),
    (f"{WEBHOOKS}/{{webhook}}/deliveries/{{delivery}}", webhook_pages.show_delivery, webhook_pages.submit_delivery),
)
"""Every page, with what its form does if it has one. The first line that fits an address answers it."""

APART: frozenset[Submit] = frozenset({webhook_pages.submit_verify, domain_pages.submit_domains, domain_pages.submit_domain})
"""Forms that wait for strangers: they have a few threads of their own, and hold up nobody else's page."""
_AT_ONCE = 4

LONGEST = {f"{ADDRESSES}/upload": LARGEST_FILE + LONGEST_FORM}
"""Forms that are longer than others, in bytes."""


def router(console: Console) -> APIRouter:
    """The routes of all pages."""
    made = APIRouter(include_in_schema=False)
    apart = CapacityLimiter(_AT_ONCE)
    for path, show, submit in PAGES:
        shown, sent = partial(show, console), submit and partial(submit, console)
        page = endpoint(console.web.made, shown, sent, apart if submit in APART else None, LONGEST.get(path, LONGEST_FORM))
        made.add_route(path, page, methods=methods(shown, sent), include_in_schema=False)
    return made
