"""`directca responder`: what an operator sees and does of those who sign OCSP answers."""

import sqlite3
from contextlib import closing

from tests.unit.cli.conftest import Shell


def test_a_responder_is_made_listed_and_revoked(shell: Shell) -> None:
    assert shell.json("responder", "list") == []
    made = shell.json("responder", "make")
    assert made["state"] == "usable"
    assert not (shell.data / "keys" / made["key"]).exists()  # it is in the database, for every node
    assert shell.json("responder", "list") == [made]
    typed = ":".join(made["serial"].zfill(32).upper()[at : at + 2] for at in range(0, 32, 2))
    assert shell.json("responder", "revoke", typed)["reason"] == "keyCompromise"
    assert [one["state"] for one in shell.json("responder", "list")] == ["revoked"]
    assert shell.slug("responder", "revoke", made["serial"]) == "responder_revoked"
    assert shell.slug("responder", "revoke", "abc") == "responder_not_found"


def test_a_responder_whose_key_is_lost_is_shown_so_and_can_be_revoked(shell: Shell) -> None:
    lost, other = shell.json("responder", "make"), shell.json("responder", "make")
    with closing(sqlite3.connect(shell.data / "directca.sqlite")) as raw, raw:
        raw.execute("DELETE FROM responder_key WHERE reference = ?", (lost["key"],))
    states = {one["serial"]: one["state"] for one in shell.json("responder", "list")}
    assert states == {lost["serial"]: "key missing", other["serial"]: "usable"}
    shell.json("responder", "revoke", lost["serial"], "--reason", "cessationOfOperation")
    assert {one["serial"]: one["state"] for one in shell.json("responder", "list")}[lost["serial"]] == "revoked"


def test_none_is_made_while_signing_is_stopped(shell: Shell) -> None:
    shell.json("stop-signing", "--reason", "drill")
    assert shell.slug("responder", "make") == "signing_stopped"
    assert shell.json("responder", "list") == []
