"""`directca config check` says what applies, or which setting is wrong, and never a secret."""

import pytest

from directca.settings import FILE, load
from tests.unit.cli.conftest import Shell

SERVER = "postgresql://directca@db.example.org/directca"


def test_every_setting_is_shown_with_the_policy(shell: Shell) -> None:
    shown = shell.json("config", "check")
    assert shown["server"]["port"] == 8600
    assert shown["sandbox"] == {"enabled": True}
    assert shown["passwords"]["memory_kib"] == 64
    assert shown["policy"]["version"].endswith("-sandbox")
    assert shown["prices"]["address.issue.1"] > 0


def test_the_passphrase_is_not_shown(shell: Shell) -> None:
    passphrase = load(shell.data).passphrase().decode()
    assert len(passphrase) > 20
    assert passphrase not in shell.run("config", "check").output
    assert passphrase not in shell.run("config", "check", "--json").output


def test_nothing_is_printed_where_all_is_well_and_only_what_is_wrong_was_asked_for(shell: Shell) -> None:
    """A service that checks its settings before each start writes none of them into its log."""
    done = shell.run("config", "check", "--quiet")
    assert (done.exit_code, done.output) == (0, "")
    with (shell.data / FILE).open("a", encoding="utf-8") as file:
        file.write("[serving]\nport = 1\n")
    assert "serving" in shell.refused("config", "check", "--quiet")


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ("[serving]\nport = 1\n", "serving"),
        ("[oauth]\ncode_second = 1\n", "code_second"),
        ("[oauth]\ncode_seconds = 601\n", "600"),
        ('[prices]\ncurrency = "EUR"\n', "prices"),
        ('[revocation]\nresponder_id = "keys"\n', "responder_id"),
        ("not toml", "TOML"),
        ('[storage]\ndatabase_owner = "directca_owner"\n', "storage.database must name"),
        (f'[storage]\ndatabase = "{SERVER}"\ndatabase_owner = "directca"\n', "storage.database must name"),
        ('[storage]\ndatabase = "postgresql://db/directca"\ndatabase_owner = "directca"\n', "storage.database must name"),
        (f'[storage]\nstandby = "{SERVER}"\n', "storage.standby is a standby"),
        (f'[storage]\ndatabase = "{SERVER}"\nstandby = "standby.sqlite"\n', "storage.standby is a standby"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(shell: Shell, added: str, named: str) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write(added)
    assert named in shell.refused("config", "check")


@pytest.mark.parametrize(
    ("setting", "content", "told"),
    [
        ("weak_keys", None, "taken.txt: No such file or directory"),
        ("weak_keys", "abc", "Line 1 of the list of weak keys in taken.txt"),
        ("compromised_keys", None, "taken.txt: No such file or directory"),
        ("compromised_keys", "# a\n" + "A" * 64, "Line 2 of the list of compromised keys in taken.txt"),
    ],
)
def test_a_list_of_keys_at_fault_is_told(shell: Shell, setting: str, content: str | None, told: str) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write(f'[storage]\n{setting} = ["taken.txt"]\n')
    if content is not None:
        (shell.data / "taken.txt").write_text(content)
    assert told in shell.refused("config", "check")
    assert told in shell.refused("reconcile")


def test_a_missing_passphrase_or_policy_is_told(shell: Shell) -> None:
    (shell.data / "secrets" / "key-passphrase").unlink()
    assert "DIRECTCA_PASSPHRASE" in shell.refused("config", "check")
    (shell.data / "policy.toml").write_text("version = 1")
    shell.refused("config", "check")
