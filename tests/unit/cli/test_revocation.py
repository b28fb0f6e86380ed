"""`directca revoke`: many at once, planned, confirmed, watched, resumed, cancelled; and one name."""

import json
from collections import Counter
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from directca import rooms
from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.certificates.model import Record, State
from directca.db.engine import Database
from directca.journal import read
from directca.pki.certificate_keys import spki_of
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, crl
from directca.revocation.bulk_model import Wanted
from directca.revocation.model import ListId, the_authority
from tests.authority import a_certificate
from tests.register import a_record, some_records
from tests.unit.cli.conftest import Shell

DOMAIN = "direct.clinic.example"
WHY = ("--reason-text", "the key store was copied")
CEASED = ("--reason", "cessationOfOperation")


@pytest.fixture
def records(database: Database) -> list[Record]:
    return some_records(database, *(f"nr-{number}@{DOMAIN}" for number in range(3)), "x@direct.other.example")


def states(database: Database, records: list[Record]) -> list[State]:
    with database.read() as tx:
        return [found.state for one in records if (found := register.by_id(tx, one.id)) is not None]


def test_a_plan_shows_the_count_and_changes_nothing(shell: Shell, database: Database, records: list[Record]) -> None:
    plan = shell.json("revoke", "plan", "--domain", "clinic.example", *CEASED)
    assert (plan["dry_run"], plan["total"], plan["statuses"], plan["outcomes"]) == (True, 3, {"issued": 3}, {"revoked": 3})
    assert {one["identifier"] for one in plan["sample"]} == {f"nr-{number}@{DOMAIN}" for number in range(3)}
    said = shell.run("revoke", "plan", "--domain", "clinic.example", *CEASED).stdout
    assert f"nr-2@{DOMAIN}" in said
    assert states(database, records) == [State.ISSUED] * 4


def test_a_run_revokes_and_publishes(shell: Shell, database: Database, records: list[Record]) -> None:
    done = shell.json("revoke", "run", "--domain", DOMAIN, *CEASED, *WHY, "--yes")
    assert (done["state"], done["total"], done["done"], done["outcomes"]) == ("finished", 3, 3, {"revoked": 3})
    assert states(database, records) == [State.REVOKED] * 3 + [State.ISSUED]
    assert shell.json("revoke", "status", done["id"]) == done
    assert shell.json("revoke", "list") == [done]
    assert done["selection"] == {"domain": DOMAIN}
    with database.read() as tx:
        newest = crl.newest(tx, ListId("issuing"))
        rows = [row.event for row in read.latest(tx, limit=100) if row.event.kind.startswith(("bulk", "certificate.revoked"))]
    assert newest is not None
    assert newest.entries == 6
    assert Counter(row.kind for row in rows) == {
        "bulk_revocation.ordered": 1,
        "certificate.revoked": 3,
        "bulk_revocation.finished": 1,
    }
    assert {row.actor for row in rows} == {done["actor"]}
    assert [row.detail["explanation"] for row in rows if row.kind == "bulk_revocation.ordered"] == [WHY[1]]


def test_the_count_must_be_typed(shell: Shell, database: Database, records: list[Record]) -> None:
    words = ("revoke", "run", "--domain", DOMAIN, *CEASED, *WHY)
    for typed in ("", "y\n", "4\n", "\n"):
        refused = shell.run(*words, typed=typed)
        assert refused.exit_code == 1
    assert states(database, records) == [State.ISSUED] * 4
    done = shell.run(*words, typed="3\n")
    assert done.exit_code == 0, done.output
    assert "3 pairs: 3 revoked." in done.stderr
    assert "3 of 3 done" in done.stderr
    assert "is finished: 3 of 3 pairs done (3 revoked)." in done.stdout


def test_by_a_query_by_serials_and_by_keys(shell: Shell, database: Database, records: list[Record], tmp_path: Path) -> None:
    def total(*words: object) -> int:
        found: int = shell.json("revoke", "plan", *words, *CEASED)["total"]
        return found

    assert total("--query", f"commonNameLike=nr-*{DOMAIN}", "--query", "statusIs=issued") == 3
    assert total("--organization", "organization") == total("--account", "clinic") == 4
    assert total("--account", "clinic", "--domain", "other.example") == 1
    listed = tmp_path / "serials.txt"
    listed.write_text(f"# from the incident\n{records[0].signing_serial.upper()}\n\n00:{records[1].encryption_serial} # twice\n")
    assert total("--serials", listed) == 2
    der = a_certificate(key=3)
    digest = sha256(spki_of(der)).hexdigest()
    with database.write() as tx:
        tx.exec_driver_sql("UPDATE certificate SET der = ?", (a_certificate(key=4),))
        tx.exec_driver_sql("UPDATE certificate SET der = ? WHERE serial = ?", (der, records[2].signing_serial))
    assert total("--key", digest) == 1
    keys = tmp_path / "keys.txt"
    keys.write_text(f"{'0' * 64}\n{digest.upper()}\n")
    plan = shell.json("revoke", "plan", "--keys", keys, *CEASED)
    assert (plan["total"], plan["unknown"], plan["unknown_count"]) == (1, ["0" * 64], 1)


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ((), "bad_selection"),
        (("--query", "commonNameLike=*"), "bad_selection"),
        (("--query", "commonNameLike=nr-*", "--query", "statusIs=issued"), "bad_selection"),
        (("--query", "expiresAfter=1970-01-01"), "bad_selection"),
        (("--domain", "example"), "bad_common_name"),
        (("--query", "commonNameLike"), "bad_option"),
        (("--query", "limit=5"), "unknown_parameter"),
        (("--query", "statusIs=gone"), "bad_parameter"),
        (("--domain", f"x@{DOMAIN}"), "bad_parameter"),
        (("--domain", "-"), "bad_common_name"),
        (("--key", "abc"), "bad_parameter"),
        (("--key", "0" * 64, "--account", "clinic"), "bad_selection"),
        (("--serials", "/nowhere/serials.txt"), "file_unusable"),
    ],
)
def test_what_says_nothing_clear_is_refused(shell: Shell, words: tuple[str, ...], slug: str) -> None:
    assert shell.slug("revoke", "plan", *words, *CEASED) == slug


def test_since_when_keys_are_suspect(shell: Shell, database: Database, records: list[Record]) -> None:
    words = ("revoke", "run", "--account", "clinic", "--reason", "keyCompromise", *WHY, "--yes", "--invalid-since")
    assert shell.slug(*words, "2999-01-01") == "bad_invalidity_date"
    assert shell.slug(*words, "0001-01-01") == "bad_invalidity_date"
    assert shell.slug(*words, "0001-01-01T00:00:00+01:00") == "bad_option"
    assert shell.json(*words, "2026-11-01")["invalidity_date_ts"] == "2026-11-01T00:00:00Z"
    with database.read() as tx:
        dates = {str(one.invalidity_date) for record in records if (one := register.by_id(tx, record.id)) is not None}
    assert dates == {"2026-11-01 00:00:00+00:00"}


def ordered(shell: Shell) -> str:
    """An order on which nobody has worked yet."""
    with closing(rooms.open_authority(shell.data)) as authority:
        wanted = Wanted(Selection(domain=DOMAIN), RevocationReason.SUPERSEDED)
        return bulk.order(authority.revocation, the_authority("operator:x"), wanted)[0].id


def test_what_was_interrupted_is_resumed(shell: Shell, database: Database, records: list[Record]) -> None:
    job = ordered(shell)
    assert shell.json("revoke", "status", job)["state"] == "running"
    assert shell.json("revoke", "resume", job)["outcomes"] == {"revoked": 3}
    assert shell.json("revoke", "resume", job)["state"] == "finished"
    assert shell.slug("revoke", "cancel", job, *WHY) == "revocation_finished"
    assert states(database, records) == [State.REVOKED] * 3 + [State.ISSUED]


def test_what_is_not_done_is_cancelled(shell: Shell, database: Database, records: list[Record]) -> None:
    cancelled = shell.json("revoke", "cancel", ordered(shell), *WHY)
    assert (cancelled["state"], cancelled["outcomes"]) == ("cancelled", {"cancelled": 3})
    assert states(database, records) == [State.ISSUED] * 4
    assert shell.slug("revoke", "status", "0" * 32) == "revocation_not_found"


def test_one_name(shell: Shell, database: Database, records: list[Record]) -> None:
    name = f"nr-1@{DOMAIN}"
    assert shell.json("revoke", "name", name, "--reason", "certificateHold", *WHY)["state"] == "held"
    assert shell.json("revoke", "name", name, "--reason", "removeFromCRL", *WHY)["state"] == "issued"
    done = shell.json("revoke", "name", name, "--reason", "cACompromise", *WHY, "--invalid-since", "2026-11-02")
    assert (done["state"], done["revocation_reason"]) == ("revoked", "cACompromise")
    assert shell.slug("revoke", "name", name, "--reason", "superseded", *WHY) == "already_revoked"
    assert shell.slug("revoke", "name", f"nobody@{DOMAIN}", "--reason", "superseded", *WHY) == "certificate_not_found"
    with database.read() as tx:
        rows = [row.event for row in read.latest(tx, limit=20) if row.event.kind == "certificate.revoked"]
    assert [(row.detail["explanation"], row.detail["invalidity_date"]) for row in rows] == [(WHY[1], "2026-11-02T00:00:00Z")]


def test_without_the_passphrase_it_is_revoked_all_the_same(shell: Shell, database: Database, records: list[Record]) -> None:
    with database.read() as tx:
        before = crl.newest(tx, ListId("issuing"))
    for key in (shell.data / "keys").glob("*.pem"):
        key.rename(key.with_suffix(".away"))
    assert shell.json("revoke", "run", "--domain", DOMAIN, *CEASED, *WHY, "--yes")["outcomes"] == {"revoked": 3}
    assert states(database, records) == [State.REVOKED] * 3 + [State.ISSUED]
    with database.read() as tx:
        assert crl.newest(tx, ListId("issuing")) == before


def test_a_refusal_is_counted(shell: Shell, database: Database) -> None:
    with database.write() as tx:
        a_record(tx, f"a@{DOMAIN}", state=State.REVOKED)
        tx.exec_driver_sql("UPDATE record SET revocation_reason = 'superseded'")
    done = shell.json("revoke", "run", "--domain", DOMAIN, *CEASED, *WHY, "--yes")
    assert (done["refused"], done["outcomes"]) == (1, {"already_revoked": 1})
    assert json.dumps(done)
