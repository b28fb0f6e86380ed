"""Show, query, revoke; and how all of it looks."""

import json
from datetime import UTC, datetime

import pytest

from directca.cli.client import present
from tests import material
from tests.unit.cli_client import authority
from tests.unit.cli_client.authority import State
from tests.unit.cli_client.conftest import Run

ALICE = "alice@direct.example.org"


@pytest.fixture
def filled(signed_in: State) -> State:
    """An authority with five records."""
    keys = {"signing": material.rsa_key(1).public_key(), "encryption": material.rsa_key(2).public_key()}
    signed_in.records.extend(authority._record(f"user{n}@direct.example.org", keys, 1) for n in range(4))
    signed_in.records.append(authority._record(ALICE, keys, 2))
    return signed_in


def test_show_tells_state_dates_and_serials(filled: State, run: Run) -> None:
    shown = run("show", ALICE).stdout
    assert "● issued" in shown
    assert "· 2028-11-23" in shown
    assert present.grouped(filled.records[-1]["signing_cert_serial"]) in shown


def test_show_as_json_is_the_record(filled: State, run: Run) -> None:
    assert json.loads(run("show", ALICE, "--json").stdout) == filled.records[-1]


def test_an_unknown_name_is_told_in_two_lines(filled: State, run: Run) -> None:
    done = run("show", "nobody@direct.example.org")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == ["error: not_found: No such record.", "       status 404 · request_id r-404"]


def test_query_shows_a_page_and_says_that_there_is_more(filled: State, run: Run) -> None:
    shown = run("query").stdout
    assert ALICE in shown
    assert "2 of 5 records. Add --all for the rest." in shown


def test_query_all_follows_the_pages(filled: State, run: Run) -> None:
    lines = run("query", "--all", "--json").stdout.splitlines()
    assert [json.loads(line)["identifier"] for line in lines] == [each["identifier"] for each in reversed(filled.records)]
    assert "5 of 5 records." in run("query", "--all").stdout


def test_the_token_does_not_follow_a_page_to_another_server(filled: State, run: Run) -> None:
    with authority.running() as other:
        filled.next_page_origin = other.issuer
        done = run("query", "--all")
        assert done.exit_code == 3
        assert not other.seen


def test_filters_become_the_parameters_of_the_api(filled: State, run: Run) -> None:
    words = "--name a@b.org --name-like *.b.org --status issued --expires-before 2027-01-01T00:00:00Z --limit 5"
    serials = ("--signing-serial", "19ef 2962", "--encryption-serial", "ab:cd", "--organization", "Clinic")
    run("query", *words.split(), "--expires-after", "2026-01-01T00:00:00Z", *serials)
    assert filled.seen[-1].query == {
        "commonNameIs": "a@b.org",
        "commonNameLike": "*.b.org",
        "signingSerialIs": "19ef2962",
        "encryptionSerialIs": "ab:cd",
        "statusIs": "issued",
        "expiresBefore": "2027-01-01T00:00:00Z",
        "expiresAfter": "2026-01-01T00:00:00Z",
        "organizationIs": "Clinic",
        "limit": "5",
    }


def test_an_empty_result_says_how_to_begin(signed_in: State, run: Run) -> None:
    assert "directca client issue" in run("query").stdout


def test_revoke_asks_nobody_only_with_yes(filled: State, run: Run) -> None:
    done = run("revoke", ALICE, "--reason", "keyCompromise")
    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert not filled.calls("/api/certificate/revoke")
    done = run("revoke", ALICE, "--reason", "keyCompromise", "--yes")
    assert done.exit_code == 0
    assert "✕ revoked" in done.stdout
    assert filled.calls("/api/certificate/revoke")[0].path == f"/api/certificate/revoke/{ALICE}/keyCompromise"


def test_revoke_knows_only_the_words_of_the_api(filled: State, run: Run) -> None:
    for word in ("keycompromise", "because"):
        assert run("revoke", ALICE, "--reason", word, "--yes").exit_code == 2
    assert not filled.calls("/api/certificate/revoke")


def test_a_server_cannot_write_on_the_terminal(filled: State, run: Run) -> None:
    filled.records[-1]["organization"] = "\x1b[2J\x1b[31mEvil [bold]Clinic[/bold]\r\n"
    shown = run("show", ALICE).stdout
    assert "\x1b" not in shown
    assert "Evil [bold]Clinic[/bold]" in shown


def test_an_answer_of_something_else_is_exit_code_3(filled: State, run: Run) -> None:
    filled.mood.refuse_with = (200, {"hello": "world"})
    assert run("show", ALICE).exit_code == 3


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2027-01-16", "in 23 days · 2027-01-16"),
        ("2026-12-25", "tomorrow · 2026-12-25"),
        ("2026-12-24", "today · 2026-12-24"),
        ("2026-12-23", "yesterday · 2026-12-23"),
        ("2026-11-24", "30 days ago · 2026-11-24"),
    ],
)
def test_dates_are_told_in_words_and_in_digits(day: str, words: str) -> None:
    moment = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    assert present.in_words(moment, datetime(2026, 12, 24, 8, tzinfo=UTC)) == words


def test_serials_are_grouped_from_their_end() -> None:
    assert present.grouped("19ef29624d73766f7e7ca0af3f2853e") == "19e f296 24d7 3766 f7e7 ca0a f3f2 853e"


def test_help_names_every_command_and_the_exit_codes(run: Run) -> None:
    shown = run("--help").stdout
    for word in ("login", "issue", "show", "query", "renew", "reissue", "revoke", "logout", "Exit codes"):
        assert word in shown
