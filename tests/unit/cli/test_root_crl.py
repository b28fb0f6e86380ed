"""`directca root-crl`: an order goes to the root's key, a list comes back."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from directca.certificates import authorities
from directca.db.engine import Database
from tests.unit.cli.conftest import Shell

REVOKE = ("authority", "revoke", "issuing", "--reason", "cACompromise", "--reason-text", "drill", "--yes")


@dataclass(frozen=True)
class Vault:
    """The machine with the root's key: a folder of its own, with what was carried there."""

    folder: Path
    shell: Shell

    @property
    def order(self) -> Path:
        return self.folder / "order.json"

    @property
    def made(self) -> Path:
        return self.folder / "root.crl"

    def export(self) -> None:
        self.order.unlink(missing_ok=True)
        self.shell.json("root-crl", "export", "--out", self.order)

    def command(self, *more: object) -> tuple[object, ...]:
        self.made.unlink(missing_ok=True)
        return (
            *("root-crl", "make", "--order", self.order, "--key", self.folder / "root.pem"),
            *("--certificate", self.folder / "root.cer", "--out", self.made, "--passphrase-file", self.folder / "passphrase"),
            *more,
        )


@pytest.fixture
def vault(shell: Shell, database: Database, tmp_path: Path) -> Vault:
    """The root's key was taken there and is no longer in the data folder."""
    folder = tmp_path / "vault"
    folder.mkdir(mode=0o700)
    shutil.move(shell.data / "keys" / "root.pem", folder / "root.pem")
    shutil.copy(shell.data / "secrets" / "key-passphrase", folder / "passphrase")
    with database.read() as tx:
        (folder / "root.cer").write_bytes(next(one.certificate_der for one in authorities.known(tx) if one.id == "root"))
    return Vault(folder, shell)


def state(shell: Shell) -> str:
    found: str = next(row["state"] for row in shell.json("crl", "show") if row["authority"] == "root")
    return found


def test_an_order_is_signed_and_the_list_is_published(vault: Vault, shell: Shell) -> None:
    assert state(shell) == "none"
    vault.export()
    made = shell.json(*vault.command("--yes"))
    brought = shell.json("root-crl", "import", vault.made)
    assert (made["number"], made["sha256"]) == (brought["number"], brought["sha256"])
    assert state(shell) == "fresh"
    told = subprocess.run(
        ("openssl", "crl", "-inform", "DER", "-in", vault.made, "-noout", "-text"), capture_output=True, text=True, check=True
    ).stdout
    assert "No Revoked Certificates" in told
    period = x509.load_der_x509_crl(vault.made.read_bytes())
    assert period.next_update_utc is not None
    assert (period.next_update_utc - period.last_update_utc).days == 180


def test_openssl_refuses_the_issuing_authority_once_its_revocation_was_brought(
    vault: Vault, shell: Shell, database: Database, tmp_path: Path
) -> None:
    with database.read() as tx:
        known = {one.id: x509.load_der_x509_certificate(one.certificate_der) for one in authorities.known(tx)}
    for name, certificate in known.items():
        (tmp_path / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))

    def verdict() -> str:
        vault.export()
        shell.json(*vault.command("--yes"))
        shell.json("root-crl", "import", vault.made)
        crl = tmp_path / "root.crl.pem"
        crl.write_bytes(x509.load_der_x509_crl(vault.made.read_bytes()).public_bytes(Encoding.PEM))
        ran = subprocess.run(
            (
                *("openssl", "verify", "-crl_check_all", "-CRLfile", crl),
                *("-CAfile", tmp_path / "root.pem", tmp_path / "issuing.pem"),
            ),
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.stdout + ran.stderr

    assert "issuing.pem: OK" in verdict()
    assert shell.json(*REVOKE)["listed"] is False
    assert "certificate revoked" in verdict()
    (issuing,) = (row for row in shell.json("authority", "show") if row["authority"] == "issuing")
    assert issuing["listed"] is True


def test_what_is_to_be_signed_is_shown_and_asked(vault: Vault, shell: Shell) -> None:
    shell.json(*REVOKE)
    vault.export()
    refused = shell.run(*vault.command(), typed="n\n")
    assert refused.exit_code == 1
    for word in ("directca SANDBOX Issuing CA", "cACompromise", "SHA-256", "good for 180 days"):
        assert word in refused.stderr
    assert "the time in seconds, as it should be" in refused.stderr
    assert not vault.made.exists()
    assert shell.run(*vault.command(), typed="y\n").exit_code == 0
    assert vault.made.exists()


def test_a_number_that_is_ahead_of_the_time_is_shown_with_what_it_means(vault: Vault, shell: Shell) -> None:
    vault.export()
    order = json.loads(vault.order.read_text())
    ahead = int(datetime.fromisoformat(order["made_at"]).timestamp()) + 366 * 86_400
    vault.order.write_text(json.dumps(order | {"number_above": ahead}))
    refused = shell.run(*vault.command(), typed="n\n")
    assert f"Its number will be {ahead + 1}, which is AHEAD of the time in seconds by 366.0 days" in refused.stderr
    shell.json(*vault.command("--yes"))
    assert shell.slug("root-crl", "import", vault.made) == "crl_number_far"
    for above in (2**63 - 3, 2**63 - 2, 2**200):
        vault.order.write_text(json.dumps(order | {"number_above": above}))
        assert shell.slug(*vault.command("--yes")) == shell.slug(*vault.command()) == "crl_number_far"
    vault.export()
    shell.json(*vault.command("--yes"))
    shell.json("root-crl", "import", vault.made)
    assert state(shell) == "fresh"


def test_nothing_else_than_the_files_is_needed_where_the_key_is(vault: Vault, shell: Shell, tmp_path: Path) -> None:
    vault.export()
    elsewhere = Shell(tmp_path / "no-such-folder")
    elsewhere.json(*vault.command("--yes"))
    assert not elsewhere.data.exists()


def test_an_order_that_was_altered_leads_to_no_published_list(vault: Vault, shell: Shell) -> None:
    shell.json(*REVOKE)
    vault.export()
    order = json.loads(vault.order.read_text())
    vault.order.write_text(json.dumps(order | {"entries": []}))
    shell.json(*vault.command("--yes"))
    assert shell.slug("root-crl", "import", vault.made) == "crl_incomplete"
    vault.order.write_text(json.dumps(order | {"kind": "order"}))
    assert shell.slug(*vault.command("--yes")) == "bad_order"
    vault.order.write_text(json.dumps(order | {"certificate_sha256": "00" * 32}))
    assert shell.slug(*vault.command("--yes")) == "foreign_order"
    vault.order.write_text(json.dumps(order | {"entries": order["entries"] * 2}))
    assert shell.slug(*vault.command("--yes")) == "crl_refused"
    assert state(shell) == "none"


def test_a_list_that_was_altered_is_not_published(vault: Vault, shell: Shell) -> None:
    vault.export()
    shell.json(*vault.command("--yes"))
    encoded = vault.made.read_bytes()
    vault.made.write_bytes(encoded[:-1] + bytes((encoded[-1] ^ 1,)))
    assert shell.slug("root-crl", "import", vault.made) == "bad_crl_file"
    vault.made.write_bytes(encoded)
    shell.json("root-crl", "import", vault.made)
    assert shell.slug("root-crl", "import", vault.made) == "crl_not_newer"


def test_no_list_lasts_for_longer_than_the_policy_says(vault: Vault, shell: Shell) -> None:
    vault.export()
    assert shell.slug(*vault.command("--yes", "--next-update-days", 191)) == "bad_option"
    assert shell.run(*vault.command("--yes", "--next-update-days", 401)).exit_code == 2
    shell.json(*vault.command("--yes", "--next-update-days", 190))
    shell.json("root-crl", "import", vault.made)


def test_a_file_that_is_there_is_not_replaced_and_nothing_is_signed_for_it(vault: Vault, shell: Shell) -> None:
    vault.export()
    assert shell.slug("root-crl", "export", "--out", vault.order) == "file_taken"
    command = vault.command("--yes")
    vault.made.write_text("kept")
    assert shell.slug(*command) == "file_taken"
    assert vault.made.read_text() == "kept"


def test_a_wrong_key_passphrase_or_certificate_signs_nothing(vault: Vault, shell: Shell) -> None:
    vault.export()
    command = vault.command("--yes")
    other_key = [shell.data / "keys" / "issuing.pem" if one == vault.folder / "root.pem" else one for one in command]
    assert shell.slug(*other_key) == "key_unusable"
    (vault.folder / "passphrase").write_text("wrong")
    assert shell.slug(*command) == "wrong_passphrase"
    certificate = vault.folder / "root.cer"
    certificate.write_bytes(certificate.read_bytes()[:-9])
    assert shell.slug(*command) == "bad_option"
    assert not vault.made.exists()


def test_the_key_that_is_put_back_makes_the_list_by_itself(vault: Vault, shell: Shell) -> None:
    assert [row["authority"] for row in shell.json("crl", "make")] == ["issuing"]
    shutil.move(vault.folder / "root.pem", shell.data / "keys" / "root.pem")
    assert sorted(row["authority"] for row in shell.json("crl", "make")) == ["issuing", "root"]
    assert state(shell) == "fresh"
