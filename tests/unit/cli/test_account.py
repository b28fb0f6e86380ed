"""`directca account` and `directca application`: what an operator does there has its effect and says so."""

import json
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from directca.accounts import people_store
from directca.accounts.config import PasswordConfig
from directca.accounts.passwords import Passwords
from directca.db.engine import Database
from directca.desk import open_desk
from directca.oauth.authorize import AuthorizationRequest, consider, decide
from directca.oauth.bearer import authenticate
from directca.oauth.errors import BearerRefused
from directca.oauth.protocol import OAuthRequest, Parameters
from directca.oauth.token import token
from directca.settings import load
from tests.browser import query_of
from tests.unit.cli.conftest import Shell


def test_an_account_is_opened_funded_and_shown(shell: Shell, account: str) -> None:
    booked = shell.json("account", "deposit", account, "1250.50", "--reference", "wire 1")
    assert booked == {"available_cents": 125_050, "reserved_cents": 0}
    shown = shell.json("account", "show", account)
    assert (shown["name"], shown["status"], shown["available_cents"]) == ("Example Clinic", "active", 125_050)
    assert [(one["kind"], one["cents"], one["reference"]) for one in shown["movements"]] == [("deposit", 125_050, "WIRE 1")]
    assert [one["id"] for one in shell.json("account", "list")] == [account]
    assert shell.json("account", "check")["cash"] == -125_050


def test_people_read_words_and_money(shell: Shell, account: str) -> None:
    shell.run("account", "deposit", account, "10", "--reference", "w")
    listed = shell.run("account", "list").stdout
    assert "Example Clinic" in listed
    assert "$10.00" in listed
    assert "wire" not in listed


@pytest.mark.parametrize(
    ("dollars", "code"),
    [
        *((text, "bad_option") for text in ("", "ten", "1.005", "1.5", "1.", ".50", "NaN", "Infinity", "-5", "+5", " 5", "5\n")),
        *((text, "bad_option") for text in ("1e3", "1,000.00", "1.000,00", "1_000", "$5", "\u0661\u0662", "9" * 31)),
        *((text, "bad_amount") for text in ("0", "0.00", "9" * 30)),
    ],
)
def test_what_is_no_sum_of_money_is_refused(shell: Shell, account: str, dollars: str, code: str) -> None:
    said = shell.run("account", "deposit", "--reference", "w", "--json", "--", account, dollars)
    assert json.loads(said.stderr)["error"] == code
    assert shell.json("account", "show", account)["available_cents"] == 0


def test_a_wire_is_booked_once(shell: Shell, account: str) -> None:
    shell.json("account", "deposit", account, "10", "--reference", "w")
    assert "booked already" in shell.refused("account", "deposit", account, "10", "--reference", "w")


def test_books_that_were_touched_are_told(shell: Shell, account: str, database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE ledger_balance SET available = 1"))
    assert shell.slug("account", "check") == "books_disagree"


def test_suspending_and_resuming(shell: Shell, account: str) -> None:
    assert shell.json("account", "suspend", account, "--reason", "unpaid")["status"] == "suspended"
    assert "suspended already" in shell.refused("account", "suspend", account, "--reason", "unpaid")
    assert shell.json("account", "resume", account)["status"] == "active"


def test_a_refusal_is_json_for_scripts(shell: Shell) -> None:
    result = shell.run("account", "show", "nobody", "--json")
    assert result.exit_code == 1
    assert '"error": "account_not_found"' in result.stderr


def test_wrong_use_is_exit_code_two(shell: Shell) -> None:
    assert shell.run("account", "deposit").exit_code == 2
    assert shell.run("account", "show", "--nonsense").exit_code == 2


def test_a_folder_without_an_authority_is_told_in_one_line(shell: Shell, tmp_path: Path) -> None:
    said = Shell(tmp_path / "nowhere").refused("account", "list")
    assert "directca init" in said
    assert not (tmp_path / "nowhere").exists()


def test_a_damaged_database_is_told_in_one_line(shell: Shell) -> None:
    load(shell.data).database.write_bytes(b"this is no database, whatever its name says" * 100)
    assert "restore" in shell.refused("account", "list")


def test_a_person_gets_a_password_that_is_shown_once(shell: Shell, account: str) -> None:
    made = shell.json("account", "person", account, "rosa")
    changed = shell.json("account", "password", "rosa")
    assert made["password"] != changed["password"]
    Passwords(PasswordConfig(), lambda size: b"x" * size).check_rules(made["password"], "rosa")
    shown = shell.run("account", "show", account, "--json").stdout
    assert made["password"] not in shown
    assert changed["password"] not in shown
    assert '"username": "rosa"' in shown


def test_a_password_may_come_from_a_file_and_is_then_not_shown(shell: Shell, account: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse battery staple\n")
    shown = shell.run("account", "person", account, "rosa", "--password-file", file, "--json").stdout
    assert "horse" not in shown
    file.write_text("short\n")
    assert "15 characters" in shell.refused("account", "password", "rosa", "--password-file", file)
    assert "Check that it exists" in shell.refused("account", "password", "rosa", "--password-file", tmp_path / "absent")


def granted(shell: Shell, username: str, application: dict[str, str]) -> str:
    """The access token of an application that the person has just let in."""
    with closing((desk := open_desk(shell.data)).database):
        with desk.database.read() as tx:
            person = people_store.person_named(tx, username)
        assert person is not None
        redirect_uri = "https://portal.example/callback"
        asked = {"client_id": application["client_id"], "redirect_uri": redirect_uri, "response_type": "code"}
        request = consider(desk.oauth, Parameters(tuple((asked | {"scope": "tuser.account"}).items())))
        assert isinstance(request, AuthorizationRequest)
        code = query_of(decide(desk.oauth, request, person, granted=True).location)["code"]
        proof = {"client_id": application["client_id"], "client_secret": application["client_secret"]}
        form = {"grant_type": "authorization_code", "code": code, **proof}
        return str(token(desk.oauth, OAuthRequest(Parameters(tuple(form.items())))).body["access_token"])


def is_good(shell: Shell, access_token: str) -> bool:
    with closing((desk := open_desk(shell.data)).database):
        try:
            return bool(authenticate(desk.database, desk.clock, f"Bearer {access_token}"))
        except BearerRefused:
            return False


@pytest.fixture
def portal(shell: Shell, account: str) -> dict[str, str]:
    shell.json("account", "person", account, "rosa")
    made: dict[str, str] = shell.json(
        "application", "create", account, "Portal", "--redirect-uri", "https://portal.example/callback"
    )
    return made


def test_one_person_is_suspended_and_resumed(shell: Shell, account: str, portal: dict[str, str]) -> None:
    shell.json("account", "person", account, "paul")
    rosas, pauls = granted(shell, "rosa", portal), granted(shell, "paul", portal)
    told = shell.json("account", "suspend-person", "Rosa", "--reason", "left the clinic")
    assert told == {"username": "rosa", "account": account, "status": "suspended", "applications_withdrawn": 1}
    assert (is_good(shell, rosas), is_good(shell, pauls)) == (False, True)
    shown = {one["username"]: one["status"] for one in shell.json("account", "show", account)["people"]}
    assert shown == {"rosa": "suspended", "paul": "active"}
    assert shell.json("account", "resume-person", "rosa")["status"] == "active"
    assert not is_good(shell, rosas)
    kinds = [(one["kind"], one["detail"].get("reason")) for one in shell.json("journal", "show", "--last", "3")]
    assert kinds == [("person.suspended", "left the clinic"), ("grant.withdrawn", None), ("person.resumed", None)]


def test_letters_reach_somebody_where_the_operator_says(shell: Shell, account: str) -> None:
    shell.json("account", "person", account, "paul")
    assert shell.json("account", "address", "Paul", "Paul@Clinic.example") == {"username": "paul", "account": account}
    assert shell.json("journal", "show", "--last", "1")[0]["kind"] == "person.address_set"
    assert shell.slug("account", "address", "paul", "paul@clinic.example\r\nBcc: x@evil.example") == "bad_email"
    assert shell.slug("account", "address", "nobody", "paul@clinic.example") == "person_not_found"


def test_people_read_what_a_suspension_did(shell: Shell, portal: dict[str, str]) -> None:
    granted(shell, "rosa", portal)
    suspended = shell.run("account", "suspend-person", "rosa", "--reason", "left").stdout
    assert suspended == "rosa is suspended. 1 application lost access.\n"
    assert "allowed anew" in shell.run("account", "resume-person", "rosa").stdout
    for command in (("suspend-person", "--reason", "left"), ("resume-person",)):
        assert shell.slug("account", *command, "nobody") == "person_not_found"
    assert shell.run("account", "suspend-person", "rosa").exit_code == 2  # without a reason


def test_a_new_password_says_which_applications_keep_access(shell: Shell, portal: dict[str, str]) -> None:
    assert shell.run("account", "password", "rosa").stdout.endswith("\nNo application has access.\n")
    rosas = granted(shell, "rosa", portal)
    said = shell.run("account", "password", "rosa").stdout
    assert "1 application keeps access in this person's name. To end that too, add --withdraw-applications." in said
    told = shell.json("account", "password", "rosa")
    assert (told["applications_with_access"], told["applications_withdrawn"]) == (1, 0)
    assert is_good(shell, rosas)


def test_a_new_password_can_end_the_access_of_applications(shell: Shell, portal: dict[str, str]) -> None:
    rosas = granted(shell, "rosa", portal)
    told = shell.json("account", "password", "rosa", "--withdraw-applications")
    assert (told["applications_with_access"], told["applications_withdrawn"]) == (0, 1)
    assert not is_good(shell, rosas)
    assert "\nNo application has access.\n" in shell.run("account", "password", "rosa", "--withdraw-applications").stdout


def test_an_application_is_made_rotated_and_disabled(shell: Shell, account: str) -> None:
    made = shell.json("application", "create", account, "Portal", "--redirect-uri", "https://portal.example/callback")
    assert made["client_secret"]
    rotated = shell.json("application", "rotate-secret", made["client_id"])
    assert rotated["client_secret"] != made["client_secret"]
    listed = shell.run("application", "list", "--json").stdout
    assert made["client_secret"] not in listed
    assert rotated["client_secret"] not in listed
    shell.json("application", "disable", made["client_id"])
    assert [one["status"] for one in shell.json("application", "list", "--account", account)] == ["disabled"]
    shell.json("application", "enable", made["client_id"])
    assert [one["status"] for one in shell.json("application", "list")] == ["active"]


def test_a_public_application_has_no_secret(shell: Shell, account: str) -> None:
    made = shell.json(
        "application", "create", account, "Tool", "--public", "--native", "--redirect-uri", "http://127.0.0.1/callback"
    )
    assert "client_secret" not in made
    shell.refused("application", "rotate-secret", made["client_id"])


def test_a_suspended_account_gets_no_application(shell: Shell, account: str) -> None:
    shell.json("account", "suspend", account, "--reason", "unpaid")
    shell.refused("application", "create", account, "Portal", "--redirect-uri", "https://portal.example/callback")
    assert shell.json("application", "list") == []


def test_the_operator_is_in_the_journal_by_name(shell: Shell, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    shell.json("account", "suspend", account, "--reason", "unpaid")
    rows = shell.json("journal", "show", "--about", f"account:{account}")
    assert (rows[-1]["kind"], rows[-1]["actor"], rows[-1]["detail"]["reason"]) == ("account.suspended", "operator:ann", "unpaid")


def test_the_database_keeps_its_mode(shell: Shell, account: str) -> None:
    assert stat.S_IMODE(shell.data.stat().st_mode) == 0o700


@pytest.mark.parametrize("reason", ["", "  "])
def test_nothing_is_suspended_or_stopped_without_a_reason(shell: Shell, account: str, reason: str) -> None:
    for words in (("account", "suspend", account), ("account", "suspend-person", "rosa"), ("stop-signing",)):
        refused = shell.run(*words, "--reason", reason)
        assert refused.exit_code == 2
        assert "Say why in a few words" in refused.output
    assert shell.json("account", "show", account)["status"] == "active"


def test_a_person_is_given_the_address_at_which_letters_reach_them(shell: Shell, account: str) -> None:
    shell.json("account", "person", account, "maria", "--administrator", "--email", "Maria@Clinic.example")
    assert shell.slug("account", "person", account, "nina", "--email", "nina@clinic.example\r\nBcc: x") == "bad_email"
    assert shell.slug("account", "remove-person", "maria") == "last_of_account"
    assert shell.slug("account", "invite", account, "nina@clinic.example") == "mail_not_configured"
    assert shell.json("account", "invitations", account) == []
    with closing(open_desk(shell.data).database) as database, database.read() as tx:
        assert [address for _, address in people_store.addresses_of_administrators(tx, account)] == ["maria@clinic.example"]
