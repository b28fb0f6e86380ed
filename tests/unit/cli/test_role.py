"""`directca role` and what an operator does for somebody who has lost their second factor."""

from contextlib import closing

import pytest

from directca.accounts import factor_store, people_store
from directca.accounts.factor import Passkey
from directca.desk import open_desk
from tests.unit.cli.conftest import Shell


@pytest.fixture
def rosa(shell: Shell, account: str) -> str:
    shell.json("account", "person", account, "rosa")
    return "rosa"


def test_roles_are_granted_listed_and_withdrawn(shell: Shell, account: str, rosa: str) -> None:
    assert shell.json("role", "grant", rosa, "ra_officer")["roles"] == ["ra_officer"]
    assert shell.json("role", "grant", rosa, "auditor")["roles"] == ["auditor", "ra_officer"]
    (listed,) = shell.json("role", "list")
    assert listed == {"username": rosa, "account": account, "status": "active", "roles": ["auditor", "ra_officer"]}
    assert "auditor, RA officer" in shell.run("role", "list").stdout
    assert [one["roles"] for one in shell.json("account", "show", account)["people"]] == [["auditor", "ra_officer"]]
    assert "rosa (auditor, RA officer, active)" in shell.run("account", "show", account).stdout
    assert shell.json("role", "withdraw", rosa, "auditor")["roles"] == ["ra_officer"]
    assert "Open sessions have ended" in shell.run("role", "withdraw", rosa, "ra_officer").stdout
    assert "role grant" in shell.run("role", "list").stdout


def test_a_command_refuses_two_that_check_one_another(shell: Shell, account: str, rosa: str) -> None:
    shell.run("role", "grant", rosa, "officer")
    assert "check one another" in shell.refused("role", "grant", rosa, "auditor")
    assert shell.slug("role", "grant", rosa, "tuser") == "role_not_granted"
    shell.json("account", "person", account, "olga", "--officer")
    assert shell.slug("role", "grant", "olga", "administrator") == "roles_exclude"
    assert [one["roles"] for one in shell.json("role", "list")] == [["officer"], ["officer"]]


def test_the_last_administrator_is_withdrawn_only_when_it_is_said(shell: Shell, rosa: str) -> None:
    shell.run("role", "grant", rosa, "administrator")
    assert "--even-the-last" in shell.refused("role", "withdraw", rosa, "administrator")
    assert shell.json("role", "withdraw", rosa, "administrator", "--even-the-last")["roles"] == []


def test_lost_factors_are_taken_away(shell: Shell, rosa: str) -> None:
    shell.run("role", "grant", rosa, "operator")
    desk = open_desk(shell.data)
    with closing(desk.database), desk.database.write() as tx:
        person = people_store.person_named(tx, rosa)
        assert person is not None
        factor_store.add_passkey(tx, Passkey("0" * 64, person.id, "laptop", b"1", b"2", 0), desk.clock.now())
    told = shell.run("account", "reset-factors", rosa, "--reason", "telephone lost").stdout
    assert "1 were taken away" in told
    assert "next sign-in" in told
    assert shell.json("account", "reset-factors", rosa, "--reason", "again")["factors_removed"] == 0
    assert shell.run("account", "reset-factors", rosa).exit_code == 2, "why is asked"
