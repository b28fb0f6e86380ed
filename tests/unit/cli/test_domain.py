"""`directca domain`: what the operator does for an organization, with real name servers and a real mail server."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from directca.cli import domain_schedule
from directca.cli.domain_schedule import DomainSchedule
from directca.cli.errors import RenewalFailed
from directca.db.engine import Database
from directca.settings import FILE, load
from tests.live import free_port
from tests.name_servers import SERVER, NameServers, name_servers
from tests.proving import proving
from tests.unit.cli.conftest import Shell

DOMAIN = "direct.clinic.example"


class Inbox:
    """The last message that a mail server was given."""

    text = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (the library's name for it)
        self.text = envelope.content.decode()
        return "250 OK"


@pytest.fixture
def dns_world(shell: Shell) -> Iterator[NameServers]:
    with name_servers() as made:
        made.zone("clinic.example")
        with (shell.data / FILE).open("a") as settings:
            settings.write(made.settings())
        yield made


def test_a_record_is_claimed_published_looked_for_and_listed(shell: Shell, organization: str, dns_world: NameServers) -> None:
    claimed = shell.json("domain", "claim", organization, DOMAIN)
    assert (claimed["state"], claimed["record_name"]) == ("pending", DOMAIN)
    assert shell.slug("domain", "check", claimed["id"]) == "domain_not_proven"
    assert shell.json("domain", "list")[0]["state"] == "pending"
    again = shell.json("domain", "claim", organization, DOMAIN.upper())
    assert again["id"] == claimed["id"]
    second = shell.json("domain", "claim", organization, f"second.{DOMAIN}")
    dns_world.publish(SERVER, second["domain"], second["record_value"])
    assert shell.json("domain", "check", second["id"])["state"] == "verified"
    states = {one["domain"]: one["state"] for one in shell.json("domain", "list", "--organization", organization)}
    assert states == {DOMAIN: "pending", second["domain"]: "verified"}
    (attempt,) = shell.json("domain", "attempts", claimed["id"])
    assert (attempt["kind"], attempt["outcome"], attempt["actor"][:9]) == ("look", "not_proven", "operator:")
    assert SERVER in shell.run("domain", "attempts", claimed["id"]).stdout
    shell.json("domain", "withdraw", organization, DOMAIN)
    assert {one["domain"] for one in shell.json("domain", "list")} == {second["domain"]}
    assert {one["domain"] for one in shell.json("domain", "list", "--all")} == {DOMAIN, second["domain"]}
    assert shell.json("domain", "renew") == {"looked_at": 0, "not_shown": []}


def test_a_claim_that_ends_soon_is_renewed_by_its_record(
    shell: Shell, database: Database, organization: str, dns_world: NameServers
) -> None:
    claimed = shell.json("domain", "claim", organization, DOMAIN)
    dns_world.publish(SERVER, DOMAIN, claimed["record_value"])
    first = shell.json("domain", "check", claimed["id"])
    assert shell.json("domain", "renew")["looked_at"] == 0
    soon = datetime.now(UTC) + timedelta(days=10)
    with database.write() as tx:
        tx.execute(text("UPDATE domain_claim SET expires_at = :soon"), {"soon": f"{soon:%Y-%m-%d %H:%M:%S.%f}"})
        tx.execute(text("UPDATE domain_attempt SET at = '2026-01-01 00:00:00.000000'"))
    assert shell.json("domain", "list", "--organization", organization)[0]["state"] == "expiring"
    assert shell.json("domain", "renew") == {"looked_at": 1, "not_shown": []}
    (renewed,) = shell.json("domain", "list", "--organization", organization)
    assert (renewed["id"], renewed["state"]) == (claimed["id"], "verified")
    assert renewed["expires_ts"] >= first["expires_ts"]


def test_a_code_is_mailed_and_entered(shell: Shell, organization: str) -> None:
    inbox = Inbox()
    controller = Controller(inbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    mail = f'\n[mail]\nhost = "127.0.0.1"\nport = {controller.port}\nsecurity = "none"\nsender = "ca@authority.example"\n'
    with (shell.data / FILE).open("a") as settings:
        settings.write(mail)
    try:
        claimed = shell.json("domain", "claim", organization, DOMAIN, "--method", "role_address", "--mailbox", "webmaster")
        (code,) = re.findall(r"^ +(\w{4}-\w{4}-\w{4})\s*$", inbox.text, re.MULTILINE)
        assert claimed["mailed_to"] == f"webmaster@{DOMAIN}"
        assert code not in shell.run("domain", "list").output + shell.run("journal", "show", "--json").output
        assert shell.slug("domain", "confirm", claimed["id"], "nothing") == "wrong_domain_code"
        assert shell.json("domain", "confirm", claimed["id"], code)["state"] == "verified"
    finally:
        controller.stop()


def test_only_a_sandbox_takes_an_operators_word(shell: Shell, organization: str) -> None:
    typed = ("domain", "verify", organization, DOMAIN, "--method", "dns_txt", "--evidence", "DirectCA-Verification=abc")
    shell.json(*typed)
    shell.json("domain", "withdraw", organization, DOMAIN)
    settings = shell.data / FILE
    settings.write_text(settings.read_text().replace("[sandbox]\nenabled = true", "[sandbox]\nenabled = false"))
    assert shell.slug(*typed) == "domain_must_be_shown"
    assert shell.json("domain", "list") == []


class Run:
    """A run of `directca domain renew` that ends when the test says so."""

    begun: ClassVar[list[list[str]]] = []
    code: ClassVar[int | None] = None
    ended: ClassVar[bool] = False

    def __init__(self, words: list[str], *, env: dict[str, str], **_: object) -> None:
        assert "DIRECTCA_PASSPHRASE" not in env
        self.begun.append(words)

    def poll(self) -> int | None:
        return type(self).code

    def kill(self) -> None:
        type(self).ended = True

    terminate = kill

    def wait(self) -> int:
        return 0


def test_a_server_begins_a_look_when_one_is_due_and_says_when_it_fails(
    shell: Shell, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, due = [0.0], [False]
    monkeypatch.setattr(domain_schedule, "is_due", lambda domains: due[0])
    monkeypatch.setattr(domain_schedule.subprocess, "Popen", Run)
    monkeypatch.setenv("DIRECTCA_PASSPHRASE", "secret")
    schedule = DomainSchedule(load(shell.data), proving(database).domains, steady=lambda: now[0])
    schedule.look()
    due[0] = True
    schedule.look()
    assert Run.begun == []  # it was looked at a moment ago, when nothing was due
    now[0] += 60
    schedule.look()
    schedule.look()
    assert [words[3:5] for words in Run.begun] == [["domain", "renew"]]
    Run.code = 1
    with pytest.raises(RenewalFailed):
        schedule.look()
    Run.code = None
    now[0] += 60
    schedule.look()
    now[0] += 1800
    with pytest.raises(RenewalFailed):
        schedule.look()
    assert Run.ended
    now[0] += 60
    schedule.look()
    schedule.stop()
    assert len(Run.begun) == 3
