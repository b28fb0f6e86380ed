"""`directca authority`: looking at the authorities, and revoking the issuing one."""

import pytest
from cryptography import x509

from directca.cli.authority import Cause
from directca.db.engine import Database
from directca.journal import read
from directca.revocation import authority_status, store
from directca.revocation.model import ListId
from tests.unit.cli.conftest import Shell

REVOKE = ("authority", "revoke", "issuing", "--reason", "cACompromise", "--reason-text", "drill 7")


def roots_list(database: Database) -> list[x509.RevokedCertificate]:
    with database.read() as tx:
        newest = store.newest(tx, ListId("root"))
        assert newest is not None
        return list(x509.load_der_x509_crl(store.der_of(tx, newest) or b""))


def test_the_words_are_the_reasons_of_the_verb() -> None:
    assert {one.value for one in Cause} == {reason.value for reason in authority_status.REASONS}


def test_show_tells_of_both_authorities(shell: Shell) -> None:
    shell.json("crl", "make")
    root, issuing = sorted(shell.json("authority", "show"), key=lambda row: row["authority"] != "root")
    assert (root["authority"], root["status"], root["key"]) == ("root", "good", "here")
    assert (issuing["authority"], issuing["status"], issuing["listed"]) == ("issuing", "good", None)
    (shell.data / "keys" / "root.pem").rename(shell.data / "root.pem")
    text = shell.run("authority", "show").stdout
    assert "not here" in text
    assert "directca SANDBOX Issuing CA" in text


def test_a_revoked_authority_is_on_the_roots_list_at_once(shell: Shell, database: Database) -> None:
    done = shell.json(*REVOKE, "--yes")
    assert (done["status"], done["reason"], done["listed"]) == ("revoked", "cACompromise", True)
    (listed,) = roots_list(database)
    (issuing,) = (row for row in shell.json("authority", "show") if row["authority"] == "issuing")
    assert f"{listed.serial_number:x}" == issuing["serial"]
    assert issuing["listed"] is True
    with database.read() as tx:
        (event,) = (row.event for row in read.latest(tx, limit=10) if row.event.kind == "authority.revoked")
    assert event.actor.startswith("operator:")
    assert event.detail["explanation"] == "drill 7"


def test_it_is_asked_what_happens_before_it_happens(shell: Shell) -> None:
    refused = shell.run(*REVOKE, typed="n\n")
    assert refused.exit_code == 1
    assert "Nothing will be issued under it any more" in refused.stderr
    assert "not_confirmed" in shell.run(*REVOKE, "--json", typed="n\n").stderr
    assert {row["status"] for row in shell.json("authority", "show")} == {"good"}
    assert shell.run(*REVOKE, typed="y\n").exit_code == 0


def test_a_second_revocation_only_raises_the_reason(shell: Shell) -> None:
    shell.json(*("authority", "revoke", "issuing", "--reason", "superseded", "--reason-text", "new one", "--yes"))
    assert shell.slug(*("authority", "revoke", "issuing", "--reason", "cessationOfOperation", "--reason-text", "x", "--yes")) == (
        "authority_already_revoked"
    )
    assert shell.json(*REVOKE, "--yes")["reason"] == "cACompromise"
    assert shell.slug(*REVOKE) == "authority_already_revoked"  # refused before anybody is asked


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        (("root", "--reason", "keyCompromise"), "trust_anchor"),
        (("other", "--reason", "keyCompromise"), "authority_not_found"),
        (("issuing", "--reason", "keyCompromise", "--invalid-since", "2999-01-01"), "bad_invalidity_date"),
        (("issuing", "--reason", "keyCompromise", "--invalid-since", "1999-01-01"), "bad_invalidity_date"),
        (("issuing", "--reason", "keyCompromise", "--invalid-since", "yesterday"), "bad_option"),
    ],
)
def test_what_cannot_be_is_refused(shell: Shell, changed: tuple[str, ...], slug: str) -> None:
    assert shell.slug("authority", "revoke", *changed, "--reason-text", "drill", "--yes") == slug


@pytest.mark.parametrize("reason", ["unspecified", "certificateHold", "removeFromCRL", "privilegeWithdrawn", ""])
def test_no_other_reason_is_understood(shell: Shell, reason: str) -> None:
    used = shell.run("authority", "revoke", "issuing", "--reason", reason, "--reason-text", "drill", "--yes")
    assert used.exit_code == 2


def test_an_emergency_waits_for_no_passphrase(shell: Shell) -> None:
    shell.json("crl", "make")
    (shell.data / "secrets" / "key-passphrase").unlink()
    done = shell.json(*REVOKE, "--yes")
    assert (done["status"], done["listed"]) == ("revoked", False)
