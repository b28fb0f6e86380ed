"""`directca account quota`: what is said of one account goes before the settings, and is shown with what is used."""

from contextlib import closing

import pytest

from directca import rooms
from directca.accounts.quota_config import QuotaConfig
from directca.settings import FILE, BadSettings, read
from tests.unit.cli.conftest import Shell

NOTHING = {"most": None, "own": False, "used": 0}


def test_without_a_quota_there_is_none(shell: Shell, account: str) -> None:
    assert shell.json("account", "quota", account) == dict.fromkeys(
        ("pairs_per_day", "pairs_per_month", "current_pairs"), NOTHING
    )
    assert "0, no quota" in shell.run("account", "quota", account).stdout


def test_what_is_said_of_an_account_goes_before_the_settings(shell: Shell, account: str) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write("[quotas]\npairs_per_day = 5\ncurrent_pairs = 9\n")
    said = shell.json("account", "quota", account, "--per-day", "none", "--per-month", "1200")
    assert said["pairs_per_day"] == {"most": None, "own": True, "used": 0}
    assert said["pairs_per_month"] == {"most": 1200, "own": True, "used": 0}
    assert said["current_pairs"] == {"most": 9, "own": False, "used": 0}
    assert shell.json("account", "show", account)["quotas"] == said
    shown = shell.run("account", "show", account).stdout
    assert "0 of 1,200 (of this account alone)" in shown
    assert "0 of 9\n" in shown
    said = shell.json("account", "quota", account, "--per-day", "default", "--current", "3")
    assert said["pairs_per_day"] == {"most": 5, "own": False, "used": 0}
    assert (said["pairs_per_month"]["most"], said["current_pairs"]["most"]) == (1200, 3)
    kinds = [one["kind"] for one in shell.json("journal", "show")]
    assert kinds.count("account.quota_changed") == 2


def test_a_server_issues_within_the_settings_quotas(shell: Shell) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write("[quotas]\npairs_per_month = 7\n")
    with closing(rooms.open_authority(shell.data)) as authority:
        assert authority.issuance.quotas == QuotaConfig(pairs_per_month=7)


def test_what_cannot_be_counted_up_to_is_no_setting(shell: Shell) -> None:
    with pytest.raises(BadSettings, match=r"quotas\.current_pairs must be 0 to 1000000000"):
        read({"quotas": {"current_pairs": 1_000_000_001}}, shell.data)


@pytest.mark.parametrize("said", ["0", "-1", "1.5", "many", "1000000001", "\u0663", "9" * 30, " 5"])
def test_what_is_no_quota_is_refused(shell: Shell, account: str, said: str) -> None:
    assert shell.slug("account", "quota", account, f"--current={said}") == "bad_option"
    assert shell.json("account", "quota", account)["current_pairs"] == NOTHING


def test_an_account_must_exist(shell: Shell) -> None:
    assert shell.slug("account", "quota", "nobody", "--current", "3") == "account_not_found"
    assert shell.slug("account", "quota", "nobody") == "account_not_found"
