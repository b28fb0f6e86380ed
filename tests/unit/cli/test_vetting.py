"""`directca organization` and `directca domain`: from registration to what issuing will ask."""

from datetime import UTC, datetime
from pathlib import Path

from directca.db.engine import Database
from directca.direct import names
from directca.pki import profiles
from directca.vetting.check import vet
from directca.vetting.model import VettingQuestion
from tests.unit.cli.conftest import Shell

DOMAIN = "direct.clinic.example"
PROOF = (
    *("--representative", "Rosa Representative", "--verifier", "Vera Verifier", "--method", "in_person"),
    *("--evidence-type", "passport", "--evidence-number", "C01X00T47"),
)
DECLARED = ("--declared-by-representative", "--declared-by-verifier")
RULES = profiles.shipped().rules


def test_the_operators_commands_lead_to_a_vetted_name(shell: Shell, database: Database, account: str, organization: str) -> None:
    lacking = {one["kind"] for one in shell.json("organization", "show", organization)["preconditions"] if one["state"] != "met"}
    assert lacking == {"organization", "representative", "agreement", "domain", "mailbox"}
    shell.json("organization", "proof", organization, *PROOF, *DECLARED)
    shell.json("organization", "agreement", organization, "--by", "Rosa Representative", "--version", RULES.agreement_version)
    shell.json("organization", "approve", organization)
    shell.json("domain", "verify", organization, DOMAIN, "--method", "dns_txt", "--evidence", "DirectCA-Verification=abc")
    shell.json("domain", "authorize-mailbox", organization, DOMAIN)
    shown = shell.json("organization", "show", organization)
    assert {one["state"] for one in shown["preconditions"]} == {"met"}
    with database.read() as tx:
        question = VettingQuestion(account, names.parse(f"alice@{DOMAIN}"), first_issue=True)
        vetted = vet(tx, question, RULES, datetime.now(UTC))
    assert (vetted.organization_id, vetted.legal_name) == (organization, "Example Clinic")


def test_a_file_of_addresses_is_recorded_whole_or_not_at_all(shell: Shell, tmp_path: Path, organization: str) -> None:
    shell.json("organization", "approve", organization)
    shell.json("domain", "verify", organization, DOMAIN, "--method", "dns_txt", "--evidence", "DirectCA-Verification=abc")
    file = tmp_path / "addresses.csv"
    file.write_text(f"address\nann@{DOMAIN}\nben@other.example\n")
    refused = shell.run("address", "upload", organization, file)
    assert (refused.exit_code, "line 3: 'ben@other.example'" in refused.stdout) == (1, True)
    assert shell.json("address", "list", organization)["total"] == 0
    file.write_text(f"address\nann@{DOMAIN}\nben@{DOMAIN}\n")
    assert shell.json("address", "upload", organization, file)["added"] == 2
    assert "2 stood already" in shell.run("address", "upload", organization, file).stdout
    assert [one["address"] for one in shell.json("address", "list", organization, "--begins", "B")["addresses"]] == [
        f"ben@{DOMAIN}"
    ]


def test_what_is_missing_is_said_with_who_must_act(shell: Shell, organization: str) -> None:
    shown = shell.run("organization", "show", organization).stdout
    assert "No representative's identity is proofed." in shown
    assert "the organization's representative" in shown


def test_an_identity_number_never_comes_out_whole(shell: Shell, organization: str) -> None:
    outputs = [
        shell.run("organization", "proof", organization, *PROOF, *DECLARED, "--json").output,
        shell.run("organization", "show", organization).output,
        shell.run("organization", "show", organization, "--json").output,
        shell.run("journal", "show", "--json").output,
    ]
    assert not [one for one in outputs if "C01X00T47" in one]
    assert "•••••••47" in outputs[1]


def test_a_sealed_number_is_opened_and_the_journal_says_by_whom(shell: Shell, organization: str) -> None:
    proofing = shell.json("organization", "proof", organization, *PROOF, *DECLARED)["id"]
    shown = shell.json("organization", "evidence-number", organization, proofing)
    assert shown == {"proofing": proofing, "evidence_number": "C01X00T47"}
    (row,) = [one for one in shell.json("journal", "show") if one["kind"] == "proofing.number_read"]
    assert row["actor"].startswith("operator:")
    assert shell.slug("organization", "evidence-number", organization, "0" * 24) == "proofing_not_found"


def test_a_review_is_due_a_year_after_the_approval_and_again_after_a_review(shell: Shell, organization: str) -> None:
    assert shell.slug("organization", "review", organization) == "organization_state"
    approved = shell.json("organization", "approve", organization)
    reviewed = shell.json("organization", "review", organization)
    assert approved["review_due_ts"] <= reviewed["review_due_ts"]
    found = datetime.fromisoformat(reviewed["review_due_ts"]) - datetime.now(UTC)
    assert 363 <= found.days <= 365


def test_an_identity_number_may_come_from_standard_input(shell: Shell, organization: str) -> None:
    from_input = [*PROOF[:-1], "-"]
    result = shell.run("organization", "proof", organization, *from_input, *DECLARED, typed="C01X00T99\n")
    assert result.exit_code == 0
    assert "•••••••99" in shell.run("organization", "show", organization).output


def test_a_proofing_without_declarations_is_refused(shell: Shell, organization: str) -> None:
    assert "declarations" in shell.refused("organization", "proof", organization, *PROOF, DECLARED[0])
    assert "not a date" in shell.refused("organization", "proof", organization, *PROOF, *DECLARED, "--on", "yesterday")


def test_a_withdrawn_proofing_is_missing_again(shell: Shell, organization: str) -> None:
    proofing = shell.json("organization", "proof", organization, *PROOF, *DECLARED, "--on", "2026-11-20")["id"]
    shell.json("organization", "withdraw-proof", organization, proofing)
    shown = shell.json("organization", "show", organization)
    states = {one["kind"]: one["state"] for one in shown["preconditions"]}
    assert states["representative"] == "missing"
    assert [one["status"] for one in shown["proofings"]] == ["withdrawn"]


def test_domains_are_listed_with_their_mailboxes_and_withdrawn(shell: Shell, organization: str) -> None:
    shell.json("domain", "verify", organization, DOMAIN, "--method", "role_address", "--evidence", "postmaster")
    shell.json("domain", "authorize-mailbox", organization, DOMAIN, "alice", "--until", "2999-01-01")
    listed = shell.json("domain", "list", "--organization", organization)
    assert [(one["domain"], one["mailboxes"]) for one in listed] == [(DOMAIN, ["alice"])]
    shell.json("domain", "withdraw-mailbox", organization, DOMAIN, "alice")
    assert shell.json("domain", "list")[0]["mailboxes"] == []
    shell.json("domain", "withdraw", organization, DOMAIN)
    assert shell.json("domain", "list") == []
    assert "no verified claim" in shell.refused("domain", "withdraw", organization, DOMAIN)


def test_an_address_is_no_domain(shell: Shell, organization: str) -> None:
    said = shell.refused(
        *("domain", "verify", organization, f"postmaster@{DOMAIN}", "--method", "role_address", "--evidence", "postmaster")
    )
    assert "control of a mailbox proves no domain" in said


def test_suspending_and_ending_an_organization(shell: Shell, organization: str) -> None:
    shell.json("organization", "approve", organization)
    assert shell.json("organization", "suspend", organization, "--reason", "audit")["status"] == "suspended"
    kept = shell.run("organization", "end", organization, "--reason", "closed", "--json", typed="n\n")
    assert kept.exit_code == 1
    assert "cannot be undone" in kept.stderr
    assert '"error": "not_confirmed"' in kept.stderr
    assert shell.json("organization", "show", organization)["status"] == "suspended"
    ended = shell.json("organization", "end", organization, "--reason", "closed", "--yes")
    assert (ended["status"], ended["revoked"]) == ("ended", [])
    again = shell.json("organization", "end", organization, "--reason", "closed", "--yes")
    assert again["status"] == "ended"


def test_organizations_are_listed(shell: Shell, account: str, organization: str) -> None:
    assert [one["id"] for one in shell.json("organization", "list")] == [organization]
    assert [one["id"] for one in shell.json("organization", "list", "--account", account)] == [organization]
    assert shell.json("organization", "list", "--account", "nobody") == []
