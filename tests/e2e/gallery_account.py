"""What an account has to show: pairs in each state, domains, addresses, money, users, applications, webhooks."""

import re
from dataclasses import replace
from urllib.parse import urlencode

from directca.accounts import invitations, people
from directca.accounts.member import Member
from directca.notices import webhook_log, webhooks
from directca.notices.deliver import Dispatcher
from directca.notices.model import Subscriber
from directca.notices.webhook_model import Answered, Outcome
from directca.oauth import own_applications
from directca.pki.reasons import RevocationReason
from tests.e2e.gallery import CERTIFICATES, CONSOLE, Gallery, Records
from tests.notice_calls import Echo
from tests.people import USERNAME
from tests.proving import Zones
from tests.visiting import post, sent
from tests.website import token_of
from tests.world import ALICE, DOMAIN, World

HOOKS = f"{CONSOLE}/webhooks"
WRONG = b"address,until\nzoe@direct.clinic.example,\nnobody@elsewhere.example,\nno address,soon\n"
"""A file of addresses of which two rows cannot be taken."""


def certificates(world: World) -> Records:
    """A pair in each state, and one of a domain: the record of each by its name."""
    for number, name in enumerate(("expired", "old")):
        world.issue(f"{name}@{DOMAIN}", key=number * 2)
    world.clock.advance(days=20)
    world.issue(f"expiring@{DOMAIN}", key=4)
    world.clock.advance(days=350)
    world.verify_domain()
    world.proof()
    for number, name in enumerate((ALICE, f"held@{DOMAIN}", f"revoked@{DOMAIN}", f"reissued@{DOMAIN}", DOMAIN)):
        world.issue(name, key=6 + number * 2)
    world.revoke(RevocationReason.CERTIFICATE_HOLD, f"held@{DOMAIN}")
    world.revoke(RevocationReason.KEY_COMPROMISE, f"revoked@{DOMAIN}")
    world.reissue(f"reissued@{DOMAIN}", key=16)
    return {
        name.partition("@")[0]: world.history(name)[-1].record.id
        for name in (ALICE, DOMAIN, *(f"{one}@{DOMAIN}" for one in ("held", "revoked", "reissued", "expired", "expiring")))
    }


def pairs(made: Gallery, records: Records) -> None:
    alice = f"{CERTIFICATES}/{records['alice']}"
    made.hang_all(
        "maria",
        overview=CONSOLE,
        certificates=CERTIFICATES,
        certificates_none=f"{CERTIFICATES}?name=nobody",
        pair=alice,
        issue=f"{CERTIFICATES}/new",
        issue_browser=f"{CERTIFICATES}/new/browser",
        renew=f"{alice}/renew",
        renew_browser=f"{alice}/renew/browser",
        reissue=f"{alice}/reissue",
        reissue_browser=f"{alice}/reissue/browser",
        revoke=f"{alice}/revoke",
        hold=f"{alice}/hold",
        release=f"{CERTIFICATES}/{records['held']}/release",
        **{f"pair_{name}": f"{CERTIFICATES}/{record}" for name, record in records.items() if name != "alice"},
    )
    made.hang("maria", "certificates-wrong", f"{CERTIFICATES}?state=good", 400)
    made.hang("maria", "issue-mistake", f"{CERTIFICATES}/new", 400, signing="none", encryption="")
    made.hang("maria", "renew-review", f"{alice}/renew", years="1")
    made.hang("maria", "revoke-mistake", f"{alice}/revoke", 400, reason="")
    made.hang("maria", "revoke-confirm", f"{alice}/revoke", reason="keyCompromise")
    made.hang_all("nora", no_overview=CONSOLE, no_certificates=CERTIFICATES, no_issue=f"{CERTIFICATES}/new")
    made.hang("nora", "not-yours", alice, 404)


def domains(made: Gallery, records: Records) -> None:
    maria, desk, domains = made.browsers["maria"], made.desk, f"{CONSOLE}/domains"
    organization = {"organization": desk.world.organization_id}
    zones = desk.console.domains.lookup
    assert isinstance(zones, Zones)
    claims = {}
    for name in ("waiting", "verified", "failed", "withdrawn"):
        claims[name] = sent(maria, domains, domain=f"{name}.clinic.example", method="dns_txt", **organization)
    claims["mailed"] = sent(
        maria, domains, domain="mailed.clinic.example", method="role_address", mailbox="postmaster", **organization
    )
    zones.texts["verified.clinic.example"] = tuple(
        re.findall(r"DirectCA-Verification=[0-9a-f]+", maria.get(claims["verified"]).text)
    )
    sent(maria, claims["verified"], step="check")
    post(maria, claims["failed"], step="check")
    sent(maria, f"{claims['withdrawn']}/withdraw")
    addresses = f"{CONSOLE}/addresses"
    sent(maria, addresses, address=f"pat@{DOMAIN}", until="2027-12-31", **organization)
    files = [_brought(made, f"address\nzoe@{DOMAIN}\nyan@{DOMAIN}".encode()), _brought(made, WRONG)]
    here = urlencode(organization | {"address": f"pat@{DOMAIN}"})
    made.hang_all(
        "maria",
        domains=domains,
        **{f"domain_{name}": where for name, where in claims.items()},
        domain_withdraw=f"{claims['verified']}/withdraw",
        addresses=f"{addresses}?{urlencode(organization)}",
        addresses_none=f"{addresses}?{urlencode(organization | {'begins': 'nobody'})}",
        address_upload=f"{addresses}/upload",
        address_file=files[0],
        address_file_wrong=files[1],
        address_withdraw=f"{addresses}/withdraw?{here}",
    )
    made.hang("maria", "domain-mistake", domains, 400, domain="a@b.example", method="dns_txt", **organization)
    made.hang("maria", "domain-code-mistake", claims["mailed"], 400, step="confirm", code="0000")
    made.hang("maria", "domain-too-soon", claims["failed"], 429, step="check")
    made.hang("maria", "address-mistake", addresses, 400, address="nobody", until="soon", **organization)
    made.hang_all("nora", no_domains=domains, no_addresses=addresses)


def _brought(made: Gallery, text: bytes) -> str:
    maria, upload = made.browsers["maria"], f"{CONSOLE}/addresses/upload"
    fields = {"csrf_token": token_of(maria.get(upload).text), "organization": made.desk.world.organization_id}
    answer = maria.post(upload, data=fields, files={"file": ("addresses.csv", text)})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def money(made: Gallery, _records: Records) -> None:
    maria, billing = made.browsers["maria"], f"{CONSOLE}/billing"
    waiting = sent(maria, billing, step="top_up", amount="250.00", method="wire")
    withdrawn = sent(maria, billing, step="top_up", amount="75", method="purchase_order", purchase_order="PO 7")
    sent(maria, withdrawn)
    sent(maria, billing, step="alarm", threshold="50")
    order = re.findall(rf'href="({billing}/orders/[0-9a-zA-Z-]+)"', maria.get(f"{billing}/orders").text)[0]
    made.hang_all(
        "maria",
        billing=billing,
        top_up=waiting,
        top_up_withdrawn=withdrawn,
        orders=f"{billing}/orders",
        order=order,
        invoices=f"{billing}/invoices",
        invoice=f"{billing}/invoices/INV-2027-000001",
        statement=f"{billing}/statement?since=2026-11-01",
    )
    made.hang("maria", "billing-mistake", billing, 400, step="top_up", amount="much", method="")
    made.hang("maria", "statement-mistake", f"{billing}/statement?since=yesterday", 400)
    empty = {"no_billing": "", "no_orders": "/orders", "no_invoices": "/invoices", "no_statement": "/statement"}
    made.hang_all("nora", **{name: f"{billing}{path}" for name, path in empty.items()})


def users(made: Gallery, _records: Records) -> None:
    desk, listed = made.desk, f"{CONSOLE}/users"
    desk.person("peter", name="Peter Porter")
    known = {one.username: one for one in people.people_of(desk.console.web.people, desk.world.account_id)}
    peter, person = known["peter"], known[USERNAME]
    member = Member(person.account_id, person.id)
    invitations.invite(desk.console.joining, member, "nina@clinic.example", administrator=True)
    wanted = own_applications.Wanted("Gateway", ("https://gateway.example/back",))
    client = own_applications.create(desk.console.web.oauth, member, wanted).client
    stopped = own_applications.create(desk.console.web.oauth, member, replace(wanted, name="Old gateway")).client
    own_applications.disable(desk.console.web.oauth, member, stopped.client_id)
    here = f"{CONSOLE}/api-applications"
    made.hang_all(
        "maria",
        users=listed,
        user=f"{listed}/{peter.id}",
        user_self=f"{listed}/{person.id}",
        api_applications=here,
        api_application=f"{here}/{client.client_id}",
        api_application_stopped=f"{here}/{stopped.client_id}",
        api_application_new=f"{here}/new",
    )
    made.hang("maria", "user-remove", f"{listed}/{peter.id}", step="remove")
    made.hang("maria", "user-appoint", f"{listed}/{peter.id}", step="appoint")
    made.hang("maria", "user-mistake", listed, 400, step="invite", email="nobody")
    made.hang("maria", "api-application-mistake", f"{here}/new", 400, name="", redirect_uris="ftp://x", kind="confidential")
    made.hang(
        "maria", "api-application-secret", f"{here}/new", name="Batch", redirect_uris="https://b.example/", kind="confidential"
    )
    made.hang("maria", "api-application-rotate", f"{here}/{client.client_id}", step="rotate", overlap="24")
    made.hang("maria", "api-application-stop", f"{here}/{client.client_id}", step="disable")
    made.hang_all("nora", no_api_applications=here, no_users=listed, no_applications="/account/applications")


def notices(made: Gallery, _records: Records) -> None:
    desk, maria = made.desk, made.browsers["maria"]
    hooks, ours = desk.console.webhooks, Subscriber("client:console", desk.world.account_id, "console")
    echo = hooks.poster
    assert isinstance(echo, Echo)
    good, bad, pending = (webhooks.create(hooks, ours, f"https://hooks.example.org/{name}", ()).webhook for name in "abc")
    for one in (good, bad):
        sent(maria, f"{HOOKS}/{one.id}/verify")
    webhook_log.try_out(hooks.notices, ours, good.id)
    _deliver(made)
    echo.answers = Answered(Outcome.ADDRESS_REFUSED)
    webhook_log.try_out(hooks.notices, ours, bad.id)
    _deliver(made)
    delivered, failed = (webhook_log.deliveries(hooks.notices, ours, one.id)[0].id for one in (good, bad))
    made.hang_all(
        "maria",
        webhooks=HOOKS,
        webhook_new=f"{HOOKS}/new",
        webhook=f"{HOOKS}/{good.id}",
        webhook_failing=f"{HOOKS}/{bad.id}",
        webhook_pending=f"{HOOKS}/{pending.id}",
        webhook_change=f"{HOOKS}/{good.id}/change",
        delivery=f"{HOOKS}/{good.id}/deliveries/{delivered}",
        delivery_failed=f"{HOOKS}/{bad.id}/deliveries/{failed}",
        letters=f"{CONSOLE}/letters",
    )
    made.hang("maria", "webhook-mistake", f"{HOOKS}/new", 400, url="http://")
    made.hang("maria", "webhook-not-verified", f"{HOOKS}/{pending.id}/verify", 403, step="verify")
    made.hang("maria", "webhook-rotate", f"{HOOKS}/{good.id}", step="rotate")
    made.hang("maria", "webhook-delete", f"{HOOKS}/{good.id}", step="delete")
    made.hang("maria", "webhook-secret", f"{HOOKS}/new", url="https://hooks.example.org/new")
    made.hang_all("nora", no_webhooks=HOOKS, no_letters=f"{CONSOLE}/letters")


def _deliver(made: Gallery) -> None:
    dispatcher = Dispatcher(made.desk.console.webhooks, "here:1", lambda _error, _one: None)
    while dispatcher.turn(1.0):
        pass
    dispatcher.stop()
