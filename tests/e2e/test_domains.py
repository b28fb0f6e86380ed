"""A domain's way by the API: refused, claimed, shown by a record in the DNS or a mailed code, certified. All servers are real."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller

from tests.e2e.api_tools import ISSUE, a_name, issued, record_of, refusal_of, requests_for, spare_keys
from tests.e2e.serving import serving
from tests.live import ApiClient, LiveServer, free_port
from tests.name_servers import OTHER_SERVER, SERVER, NameServers, name_servers

DOMAIN = "earned.example"
MAILED = "mailed.example"
PATH = "/api/domain/"
ADDRESSES = "/api/address/"


class Inbox:
    """The texts that a mail server was given, by recipient."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (the library's name for it)
        for to in envelope.rcpt_tos:
            self.texts[to] = envelope.content.decode()
        return "250 OK"

    def code(self, to: str) -> str:
        lines = [line.strip() for line in self.texts[to].splitlines()]
        (found,) = [line for line in lines if len(line) == 14 and line.count("-") == 2]
        return found


@pytest.fixture(scope="module")
def dns_world() -> Iterator[NameServers]:
    with name_servers() as made:
        made.zone(DOMAIN, (SERVER, OTHER_SERVER))
        yield made


@pytest.fixture(scope="module")
def inbox() -> Iterator[tuple[Inbox, int]]:
    made = Inbox()
    controller = Controller(made, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield made, controller.port
    controller.stop()


@pytest.fixture(scope="module")
def earning(
    first_start: Path, tmp_path_factory: pytest.TempPathFactory, dns_world: NameServers, inbox: tuple[Inbox, int]
) -> Iterator[LiveServer]:
    """A server that asks these name servers and hands its mail to this one."""
    var = Path(shutil.copytree(first_start, tmp_path_factory.mktemp("earning") / "var"))
    mail = f'\n[mail]\nhost = "127.0.0.1"\nport = {inbox[1]}\nsecurity = "none"\nsender = "ca@authority.example"\n'
    with (var / "directca.toml").open("a") as settings:
        settings.write(dns_world.settings() + mail)
    with serving(var) as live:
        yield live


def claimed(api: ApiClient, domain: str = DOMAIN, method: str = "dns_txt", **more: str) -> dict[str, Any]:
    return record_of(api("POST", PATH, json={"domain": domain, "method": method, **more}))


def uploaded(api: ApiClient, rows: str) -> httpx2.Response:
    return api("POST", f"{ADDRESSES}upload", content=rows.encode(), headers={"Content-Type": "text/csv"})


def settled(api: ApiClient, upload: dict[str, Any]) -> dict[str, Any]:
    """The file once it has been looked at, which happens in the background."""
    for _ in range(100):
        upload = record_of(api("GET", f"{ADDRESSES}upload/{upload['id']}"))
        if upload["state"] != "checking":
            break
        time.sleep(0.05)
    return upload


def stranger_sees_nothing(stranger: ApiClient, claim: str) -> None:
    """The same answer as for a claim that nobody made."""
    for known in (claim, "0" * 24):
        for method, end in (("GET", ""), ("GET", "/attempts"), ("POST", "/check"), ("POST", "/withdraw")):
            refusal_of(stranger(method, f"{PATH}{known}{end}"), 404, "domain_challenge_not_found")
        refusal_of(stranger("POST", f"{PATH}{known}/confirm", json={"code": "x"}), 404, "domain_challenge_not_found")
    assert claim not in stranger("GET", PATH).text


def test_a_record_on_every_server_is_followed_by_a_certificate(earning: LiveServer, dns_world: NameServers) -> None:
    name = a_name(DOMAIN)
    with earning.client() as api, earning.client(earning.second) as stranger:
        refusal_of(api("POST", ISSUE, json=requests_for(name, spare_keys())), 403, "domain_not_verified")
        claim = claimed(api, DOMAIN.upper())
        assert (claim["domain"], claim["state"], claim["record_name"]) == (DOMAIN, "pending", DOMAIN)
        theirs = claimed(stranger)
        for server in (SERVER, OTHER_SERVER):
            dns_world.publish(server, DOMAIN, "v=spf1 -all", claim["record_value"])
        stranger_sees_nothing(stranger, claim["id"])
        refusal_of(stranger("POST", f"{PATH}{theirs['id']}/check"), 403, "domain_not_proven")
        refusal_of(stranger("POST", f"{PATH}{theirs['id']}/check"), 429, "too_many_domain_attempts")
        refusal_of(api("POST", ISSUE, json=requests_for(name, spare_keys())), 403, "domain_not_verified")
        assert record_of(api("POST", f"{PATH}{claim['id']}/check"))["state"] == "verified"
        refusal_of(api("POST", ISSUE, json=requests_for(name, spare_keys())), 403, "mailbox_not_authorized")
        rows = f"address,until\n{name},\n=1+1,\n"
        refused = settled(api, record_of(uploaded(api, rows)))
        assert (refused["state"], refused["wrong"]) == ("refused", 1)
        (wrong,) = record_of(api("GET", f"{ADDRESSES}upload/{refused['id']}/rows"))["rows"]
        assert (wrong["line"], wrong["column"], wrong["value"]) == (3, "address", "=1+1")
        refusal_of(api("POST", ISSUE, json=requests_for(name, spare_keys())), 403, "mailbox_not_authorized")
        applied = settled(api, record_of(uploaded(api, rows.replace("=1+1,\n", ""))))
        assert (applied["state"], applied["added"]) == ("applied", 1)
        refusal_of(stranger("GET", f"{ADDRESSES}upload/{applied['id']}"), 404, "address_upload_not_found")
        assert issued(api, name)["identifier"] == name
        assert record_of(api("POST", f"{ADDRESSES}{name}/withdraw"))["address"] == name
        assert record_of(api("GET", ADDRESSES, params={"domain": DOMAIN}))["total"] == 0
        assert record_of(api("POST", ADDRESSES, json={"address": f"*@{DOMAIN}"}))["mailbox"] == "*"
        (attempt,) = api("GET", f"{PATH}{claim['id']}/attempts").json()["attempts"]
        servers = attempt["seen"]["vantages"][0]["servers"]
        assert attempt["outcome"] == "proven"
        assert {one["address"] for one in servers} == {SERVER, OTHER_SERVER}


def test_a_code_by_mail_is_followed_by_a_certificate(earning: LiveServer, inbox: tuple[Inbox, int]) -> None:
    with earning.client() as api:
        claim = claimed(api, MAILED, method="role_address", mailbox="hostmaster")
        to = f"hostmaster@{MAILED}"
        assert (claim["mailed_to"], claim["tries_left"], claim["record_value"]) == (to, 3, None)
        confirm, code = f"{PATH}{claim['id']}/confirm", inbox[0].code(to)
        refusal_of(api("POST", confirm, json={"code": "0000"}), 400, "wrong_domain_code", "code")
        refusal_of(api("POST", ISSUE, json=requests_for(MAILED, spare_keys())), 403, "domain_not_verified")
        assert record_of(api("POST", confirm, json={"code": code.lower()}))["state"] == "verified"
        refusal_of(api("POST", confirm, json={"code": code}), 400, "domain_challenge_settled")
        assert issued(api, MAILED)["identifier"] == MAILED
        assert record_of(api("POST", f"{PATH}{claim['id']}/withdraw"))["state"] == "withdrawn"
        refusal_of(api("POST", ISSUE, json=requests_for(a_name(MAILED), spare_keys())), 403, "domain_not_verified")
        assert [one["id"] for one in api("GET", PATH).json()["domains"] if one["domain"] == MAILED] == [claim["id"]]


def test_a_narrow_token_reads_and_does_no_more(earning: LiveServer) -> None:
    with earning.client(scope="account.read") as reader, earning.client(scope="certificate.issue") as issuer:
        assert reader("GET", PATH).status_code == 200
        asked = {"domain": DOMAIN, "method": "dns_txt"}
        for api in (reader, issuer):
            refusal_of(api("POST", PATH, json=asked), 403, "insufficient_scope")
        assert issuer("GET", PATH).status_code == 403
