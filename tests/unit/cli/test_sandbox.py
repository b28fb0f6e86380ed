"""The sandbox is ready at first start, the same at the second, and mended when something of it was lost."""

import json
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from directca import rooms
from directca.accounts import ledger
from directca.accounts.people_errors import WrongCredentials
from directca.certificates import register
from directca.certificates.model import State
from directca.cli import sandbox, sandbox_facts, welcome
from directca.cli.ending import end_organization
from directca.cli.errors import StillIssuing
from directca.cli.sandbox_facts import FILE, AccountFacts, SandboxFacts
from directca.direct import names
from directca.issuance import pair
from directca.issuance.found import ISSUING
from directca.issuance.issue import issue
from directca.issuance.model import Application
from directca.oauth import applications, tokens
from directca.oauth.model import Principal
from directca.pki.reasons import RevocationReason
from directca.revocation import crl, ocsp, upkeep
from directca.revocation.model import ListId
from directca.rooms import Authority
from directca.vetting.check import vet
from directca.vetting.errors import DomainNotVerified, OrganizationNotVetted
from directca.vetting.model import VettingQuestion
from tests.material import csr, rsa_key
from tests.unit.cli.conftest import Shell

KEYS = {
    *("base_url", "client_id", "client_secret", "redirect_uri", "username", "password"),
    *("direct_domain", "organization", "root_pem", "chain_pem"),
}


@pytest.fixture
def authority(shell: Shell) -> Iterator[Authority]:
    with closing(rooms.open_authority(shell.data)) as opened:
        yield opened


def content(shell: Shell) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((shell.data / FILE).read_text())
    return read


def account_of(authority: Authority, facts: AccountFacts) -> str:
    with authority.database.read() as tx:
        account_id = applications.find(tx, facts.client_id).account_id
    assert account_id is not None
    return account_id


def test_the_file_has_exactly_the_facts_for_scripts_and_is_private(shell: Shell, authority: Authority) -> None:
    sandbox.prepare(authority)
    facts = content(shell)
    assert set(facts) == KEYS | {"second"}
    assert set(facts["second"]) == KEYS
    assert stat.S_IMODE((shell.data / FILE).stat().st_mode) == 0o600
    assert facts["base_url"] == "http://127.0.0.1:8600"
    assert facts["chain_pem"].count("BEGIN CERTIFICATE") == 2
    assert facts["chain_pem"].endswith(facts["root_pem"])
    assert not [path for path in shell.data.iterdir() if path.name.startswith(f".{FILE}")]


def test_both_accounts_are_vetted_and_funded_and_strangers_to_one_another(authority: Authority) -> None:
    facts = sandbox.prepare(authority)
    first, second = account_of(authority, facts.first), account_of(authority, facts.second)
    assert first != second
    rules, now = authority.policy.rules, authority.clock.now()
    with authority.database.read() as tx:
        for account_id, domain in ((first, facts.first.direct_domain), (second, facts.second.direct_domain)):
            for name in (f"alice@{domain}", domain):
                assert vet(tx, VettingQuestion(account_id, names.parse(name), first_issue=True), rules, now)
            assert ledger.balance(tx, account_id).available >= 10**9
        with pytest.raises(DomainNotVerified):
            vet(tx, VettingQuestion(second, names.parse(f"alice@{facts.first.direct_domain}")), rules, now)


def test_the_secrets_open_what_they_say_and_are_nowhere_in_the_database(shell: Shell, authority: Authority) -> None:
    facts = sandbox.prepare(authority)
    with authority.database.read() as tx:
        client = applications.find(tx, facts.first.client_id)
        stored = tx.connection.driver_connection
        assert stored is not None
        dump = "\n".join(stored.iterdump())
    assert client.secret_digest == tokens.digest(facts.first.client_secret)
    assert facts.first.redirect_uri in client.redirect_uris
    assert "directca-cli" in dump
    for secret in (facts.first.client_secret, facts.first.password, facts.second.client_secret, facts.second.password):
        assert secret not in dump


def test_a_second_start_changes_nothing(shell: Shell, authority: Authority) -> None:
    first = sandbox.prepare(authority)
    before = (shell.data / FILE).stat()
    with authority.database.read() as tx:
        rows = register_rows(tx)
    assert sandbox.prepare(authority) == first
    after = (shell.data / FILE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    with authority.database.read() as tx:
        assert register_rows(tx) == rows


def register_rows(tx: Any) -> int:
    """How many rows the journal has."""
    return int(tx.exec_driver_sql("SELECT count(*) FROM journal").scalar_one())


def test_at_another_port_only_the_address_changes(shell: Shell, authority: Authority) -> None:
    first = sandbox.prepare(authority)
    with closing(rooms.open_authority(shell.data, port=8700)) as moved:
        second = sandbox.prepare(moved)
    assert second == first.served_at("http://127.0.0.1:8700")
    assert content(shell)["base_url"] == content(shell)["second"]["base_url"] == "http://127.0.0.1:8700"


def _remove(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    path.write_text(path.read_text()[:100])


def _lose_a_key(path: Path) -> None:
    facts = json.loads(path.read_text())
    del facts["second"]["password"]
    path.write_text(json.dumps(facts))


def _name_a_stranger(path: Path) -> None:
    facts = json.loads(path.read_text())
    facts["client_id"] = "stranger"
    path.write_text(json.dumps(facts))


@pytest.mark.parametrize("harm", [_remove, _cut, _lose_a_key, _name_a_stranger])
def test_a_file_that_was_lost_is_made_anew_with_new_secrets_for_the_same_accounts(
    shell: Shell, authority: Authority, harm: Callable[[Path], None]
) -> None:
    before = sandbox.prepare(authority)
    harm(shell.data / FILE)
    after = sandbox.prepare(authority)
    assert sandbox_facts.read(shell.data) == after
    assert account_of(authority, after.first) == account_of(authority, before.first)
    assert (after.first.client_id, after.first.username) == (before.first.client_id, before.first.username)
    assert after.first.client_secret != before.first.client_secret
    assert after.first.password != before.first.password
    assert len(shell.json("account", "list")) == 2


def test_a_new_password_replaces_the_old_one(shell: Shell, authority: Authority) -> None:
    before = sandbox.prepare(authority)
    (shell.data / FILE).unlink()
    after = sandbox.prepare(authority)
    with authority.database.read() as tx:
        query = "SELECT password_hash FROM person WHERE username = ?"
        stored = tx.exec_driver_sql(query, (after.first.username,)).scalar_one()
    authority.people.passwords.verify(stored, after.first.password)
    with pytest.raises(WrongCredentials):
        authority.people.passwords.verify(stored, before.first.password)


class LaterClock:
    """A clock that has gone on."""

    def __init__(self, authority: Authority, later: timedelta) -> None:
        self._clock, self._later = authority.clock, later

    def now(self) -> datetime:
        return self._clock.now() + self._later


def test_a_sandbox_that_lay_unused_is_vetted_again(shell: Shell, authority: Authority) -> None:
    facts = sandbox.prepare(authority)
    later = LaterClock(authority, timedelta(days=400))
    with closing(rooms.open_authority(shell.data, clock=later)) as reopened:
        sandbox.prepare(reopened)
        question = VettingQuestion(
            account_of(reopened, facts.first), names.parse(f"alice@{facts.first.direct_domain}"), first_issue=True
        )
        with reopened.database.read() as tx:
            assert vet(tx, question, reopened.policy.rules, later.now())


def publish_status(authority: Authority) -> None:
    """What a start does before anything is issued."""
    upkeep.produce_due_crls(authority.revocation)
    ocsp.keep(authority.ocsp, actor="system:test", older_than=timedelta(minutes=1))


def issued(authority: Authority, facts: AccountFacts, local_part: str) -> str:
    name = f"{local_part}@{facts.direct_domain}"
    principal = Principal(account_of(authority, facts), "person", "client", ("tuser.account",), "grant")
    first, second = (rsa_key(number, 3072) for number in (0, 1))
    issue(authority.issuance, principal, Application(csr(name, first), csr(name, second), 1))
    return name


def test_ending_an_organization_revokes_its_certificates_and_nobody_elses(shell: Shell, authority: Authority) -> None:
    facts = sandbox.prepare(authority)
    publish_status(authority)
    name = issued(authority, facts.first, "alice")
    account_id = account_of(authority, facts.first)
    listed = shell.json("organization", "list", "--account", account_id)
    ended = end_organization(authority, listed[0]["id"], "closed", ask=None)
    assert ended.revoked == (name,)
    with authority.database.read() as tx:
        record = register.history(tx, name).of_account(account_id)[0]
        with pytest.raises(OrganizationNotVetted):
            vet(tx, VettingQuestion(account_id, names.parse(name)), authority.policy.rules, authority.clock.now())
    assert (record.state, record.revocation_reason) == (State.REVOKED, RevocationReason.CESSATION_OF_OPERATION)
    assert crl.published(authority.revocation, ListId(ISSUING)).facts.entries == 2
    assert end_organization(authority, listed[0]["id"], "closed", ask=None).revoked == ()
    second = account_of(authority, facts.second)
    assert shell.json("organization", "list", "--account", second)[0]["status"] == "approved"


def test_a_certificate_that_is_just_being_issued_is_not_forgotten(
    shell: Shell, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCut

    facts = sandbox.prepare(authority)
    publish_status(authority)
    with monkeypatch.context() as patch:
        patch.setattr(pair, "sign", cut)
        with pytest.raises(PowerCut):
            issued(authority, facts.first, "alice")
    organization = shell.json("organization", "list", "--account", account_of(authority, facts.first))[0]["id"]
    with pytest.raises(StillIssuing, match="alice@"):
        end_organization(authority, organization, "closed", ask=None)
    assert shell.json("organization", "show", organization)["status"] == "ended"
    shell.json("reconcile", "--older-than", "0")
    assert end_organization(authority, organization, "closed", ask=None).revoked == ()


def test_an_ending_that_is_not_confirmed_revokes_nothing(shell: Shell, authority: Authority) -> None:
    facts = sandbox.prepare(authority)
    publish_status(authority)
    name = issued(authority, facts.first, "alice")
    organization = shell.json("organization", "list", "--account", account_of(authority, facts.first))[0]["id"]
    kept = shell.run("organization", "end", organization, "--reason", "closed", typed="n\n")
    assert kept.exit_code == 1
    assert "certificates of 1 names" in kept.stderr
    with authority.database.read() as tx:
        assert register.history(tx, name).of_account(account_of(authority, facts.first))[0].state is State.ISSUED


def test_the_welcome_has_the_credentials_and_three_commands(authority: Authority, capsys: pytest.CaptureFixture[str]) -> None:
    facts: SandboxFacts = sandbox.prepare(authority)
    welcome.announce(authority, facts)
    said = capsys.readouterr().out
    documentation = f"{facts.first.base_url}/docs?client_id={facts.first.client_id}"
    for fact in (facts.first.base_url, documentation, facts.first.username, facts.first.password):
        assert fact in said
    assert facts.first.client_secret in said
    assert len([line for line in said.splitlines() if " client " in line and line.startswith("  ")]) == 3
