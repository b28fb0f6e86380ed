"""Issue, renew, reissue: what lies on disk, what is sent, what survives a lost answer."""

import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from directca.cli.client import keys
from tests import material
from tests.unit.cli_client.authority import State
from tests.unit.cli_client.conftest import Run

ALICE = "alice@direct.example.org"
ROLES = ("signing", "encryption")


@pytest.fixture(autouse=True)
def ready_keys(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Keys from the tests' pool, a new one each time: making them is not what is tested here. Returns the sizes asked for."""
    asked: list[int] = []

    def make(bits: int) -> keys.PrivateKey:
        asked.append(bits)
        key = material.rsa_key(20 + len(asked))
        kind = serialization.PrivateFormat.PKCS8
        return keys.PrivateKey(key=key, pem=key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()))

    monkeypatch.setattr(keys, "make", make)
    return asked


def pair(folder: Path) -> dict[str, x509.Certificate]:
    """The certificates in a folder, each found to be for the key beside it."""
    found = {}
    for role in ROLES:
        key = serialization.load_pem_private_key((folder / f"{role}.key.pem").read_bytes(), None)
        found[role] = x509.load_pem_x509_certificate((folder / f"{role}.cert.pem").read_bytes())
        assert found[role].public_key() == key.public_key()
    return found


def issue(run: Run, *more: str) -> None:
    """Issue for Alice."""
    done = run("issue", ALICE, "--years", "1", *more)
    assert done.exit_code == 0, done.stderr


def test_issue_leaves_keys_certificates_chain_and_record(signed_in: State, run: Run, ready_keys: list[int]) -> None:
    issue(run)
    made = pair(Path(ALICE, "1"))
    assert {f"{made[role].serial_number:x}" for role in ROLES} == {
        signed_in.records[0]["signing_cert_serial"],
        signed_in.records[0]["encryption_cert_serial"],
    }
    assert json.loads(Path(ALICE, "1", "record.json").read_text()) == signed_in.records[0]
    assert Path(ALICE, "current").readlink() == Path("1")
    assert sorted(path.name for path in Path(ALICE, "1").iterdir()) == [
        "chain.pem",
        "encryption.cert.pem",
        "encryption.key.pem",
        "record.json",
        "signing.cert.pem",
        "signing.key.pem",
    ]
    assert ready_keys == [3072, 3072]


def test_every_file_is_for_its_owner_alone(signed_in: State, run: Run) -> None:
    issue(run)
    assert {stat.S_IMODE(path.stat().st_mode) for path in Path(ALICE, "1").iterdir()} == {0o600}
    assert stat.S_IMODE(Path(ALICE, "1").stat().st_mode) == 0o700


def test_only_requests_leave_the_machine(signed_in: State, run: Run) -> None:
    issue(run)
    (sent,) = signed_in.calls("/api/certificate/")
    assert set(sent.json) == {"signingCertificatePkcs10Data", "encryptionCertificatePkcs10Data", "durationYear"}
    assert b"PRIVATE KEY" not in sent.body


def test_a_lost_answer_is_asked_for_again_with_the_same_keys_and_key(signed_in: State, run: Run) -> None:
    signed_in.mood.lose_answers = 1
    lost = run("issue", ALICE, "--years", "1")
    assert lost.exit_code == 3
    assert "same command again" in lost.stderr
    before = {role: Path(ALICE, "1", f"{role}.key.pem").read_bytes() for role in ROLES}
    issue(run)
    first, second = signed_in.calls("/api/certificate/")
    assert first.body == second.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert before == {role: Path(ALICE, "1", f"{role}.key.pem").read_bytes() for role in ROLES}
    assert len(signed_in.records) == 1
    pair(Path(ALICE, "1"))
    assert not Path(ALICE, "1", "unfinished.json").exists()


def test_another_order_waits_for_the_lost_answer(signed_in: State, run: Run) -> None:
    signed_in.mood.lose_answers = 1
    run("issue", ALICE, "--years", "1")
    other = run("issue", ALICE, "--years", "2")
    assert other.exit_code == 2
    assert f"directca client issue {ALICE} --years 1" in other.stderr
    assert len(signed_in.calls("/api/certificate/")) == 1


def test_after_a_refusal_the_keys_are_used_for_a_new_order(signed_in: State, run: Run, ready_keys: list[int]) -> None:
    signed_in.mood.refuse_with = (403, {"error": "insufficient_balance", "description": "Deposit 10.00.", "request_id": "r-1"})
    refused = run("issue", ALICE, "--years", "3")
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == [
        "error: insufficient_balance: Deposit 10.00.",
        "       status 403 · request_id r-1",
    ]
    issue(run)
    first, second = signed_in.calls("/api/certificate/")
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]
    assert len(ready_keys) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_after_an_error_that_settles_nothing_the_order_stays_the_same(signed_in: State, run: Run, status: int) -> None:
    signed_in.mood.refuse_with = (status, {"error": "unavailable", "description": "Later."})
    assert run("issue", ALICE, "--years", "1").exit_code == 1
    issue(run)
    first, second = signed_in.calls("/api/certificate/")
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


def test_certificates_for_other_keys_are_not_installed(signed_in: State, run: Run) -> None:
    signed_in.mood.swap_certificates = True
    done = run("issue", ALICE, "--years", "1")
    assert done.exit_code == 3
    assert "Do not use what came back" in done.stderr
    assert not Path(ALICE, "1", "signing.cert.pem").exists()
    assert not Path(ALICE, "current").exists()
    assert Path(ALICE, "1", "signing.key.pem").exists()


def test_renewal_keeps_the_keys_and_the_old_folder(signed_in: State, run: Run) -> None:
    issue(run)
    old = pair(Path(ALICE, "1"))
    assert run("renew", ALICE, "--years", "2").exit_code == 0
    new = pair(Path(ALICE, "2"))
    assert {role: new[role].public_key() for role in ROLES} == {role: old[role].public_key() for role in ROLES}
    assert pair(Path(ALICE, "1")) == old
    assert Path(ALICE, "current").readlink() == Path("2")
    assert signed_in.calls("/api/certificate/renew/")[0].json == {"durationYear": 2}
    assert signed_in.calls("/api/certificate/renew/")[0].headers["Idempotency-Key"]


def test_renewal_with_new_keys_sends_new_requests(signed_in: State, run: Run) -> None:
    issue(run)
    assert run("renew", ALICE, "--years", "2", "--rekey").exit_code == 0
    assert pair(Path(ALICE, "2"))["signing"].public_key() != pair(Path(ALICE, "1"))["signing"].public_key()


def test_reissue_is_a_patch_without_body_parameters(signed_in: State, run: Run) -> None:
    issue(run)
    assert run("reissue", ALICE).exit_code == 0
    sent = signed_in.seen[-1]
    assert (sent.method, sent.path, sent.json) == ("PATCH", f"/api/certificate/{ALICE}", {})


def test_renewal_away_from_the_keys_says_so(signed_in: State, run: Run) -> None:
    issue(run)
    done = run("renew", ALICE, "--years", "1", "--out", "elsewhere")
    assert done.exit_code == 0
    assert "private keys of these certificates are not in this folder" in done.stderr
    assert Path("elsewhere", "1", "signing.cert.pem").exists()


def test_pkcs12_files_hold_key_certificate_and_chain(signed_in: State, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    issue(run, "--p12", "--p12-password-file", str(file))
    for role, certificate in pair(Path(ALICE, "1")).items():
        content = Path(ALICE, "1", f"{role}.p12").read_bytes()
        key, found, above = pkcs12.load_key_and_certificates(content, b"correct horse")
        assert key is not None
        assert found == certificate
        assert len(above) == 1
        assert key.public_key() == certificate.public_key()


def test_pkcs12_without_a_password_is_refused_before_anything_is_made(signed_in: State, run: Run) -> None:
    done = run("issue", ALICE, "--years", "1", "--p12")
    assert done.exit_code == 2
    assert "--p12-password-file" in done.stderr
    assert not Path(ALICE).exists()


def test_pkcs12_without_the_keys_fails_but_keeps_the_certificates(signed_in: State, run: Run, tmp_path: Path) -> None:
    issue(run)
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    done = run("renew", ALICE, "--years", "1", "--out", "elsewhere", "--p12", "--p12-password-file", str(file))
    assert done.exit_code == 2
    assert "not their private keys" in done.stderr
    assert Path("elsewhere", "current", "encryption.cert.pem").exists()


def test_dry_run_writes_and_issues_nothing(signed_in: State, run: Run) -> None:
    done = run("issue", ALICE, "--years", "1", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert "1,234.00 USD" in done.stdout
    assert not Path(ALICE).exists()
    assert not signed_in.records
    (sent,) = signed_in.calls("/api/certificate/")
    assert sent.query == {"dryRun": "true"}
    assert "Idempotency-Key" not in sent.headers


def test_an_idempotency_key_can_be_given(signed_in: State, run: Run) -> None:
    issue(run, "--idempotency-key", "order-17")
    assert signed_in.seen[-1].headers["Idempotency-Key"] == "order-17"


@pytest.mark.parametrize(
    "arguments",
    [
        ("not a name", "--years", "1"),
        ("*.example.org", "--years", "1"),
        ("../../etc/passwd", "--years", "1"),
        (ALICE, "--years", "4"),
        (ALICE, "--years", "0"),
        (ALICE,),
        (ALICE, "--years", "1", "--key-size", "1024"),
    ],
)
def test_wrong_use_is_exit_code_2_and_sends_nothing(signed_in: State, run: Run, arguments: tuple[str, ...]) -> None:
    done = run("issue", *arguments)
    assert done.exit_code == 2
    assert not signed_in.calls("/api/")
    assert not list(Path.cwd().iterdir())


def test_json_is_the_record_unchanged(signed_in: State, run: Run) -> None:
    done = run("issue", ALICE, "--years", "1", "--json")
    assert json.loads(done.stdout) == signed_in.records[0]
