"""The checker finds nothing after a run under faults, and finds each thing that is tampered with afterwards."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from faults import report
from faults.checker import CHECKS
from faults.diary import Exchange
from faults.evidence import Evidence, of_sqlite
from tests.faults.conftest import LOAD, Ran, answered

A_PAIR = "(SELECT id FROM record WHERE state = 'issued' ORDER BY id LIMIT 1)"
A_HALF = "(SELECT serial FROM certificate WHERE der IS NOT NULL ORDER BY serial LIMIT 1)"
FIRST_INVOICE = "kind = 'invoice' AND sequence = 1"
LAST_EVENT = "(SELECT max(position) FROM event)"
LAST_SENT = "(SELECT id FROM event ORDER BY position DESC LIMIT 1)"
LAST_LIST = "(SELECT max(number) FROM crl WHERE authority_id = 'issuing')"


@dataclass(frozen=True)
class Tampered:
    """Something that must not be, by SQL or in what was written down, and the check that is to find it."""

    check: str
    sql: str = ""
    otherwise: Callable[[Evidence], Evidence] = lambda of: of


def exchanges(of: Evidence, what: str, **changed: object) -> Evidence:
    """The diary with another answer to the last successful request of a kind."""
    done = [one for one in of.exchanges if one.done and one.sent["sent"] == what][-1]
    altered = Exchange(done.sent, done.answered | changed)
    return replace(of, exchanges=tuple(altered if one is done else one for one in of.exchanges))


def sent(of: Evidence, what: str, **changed: object) -> Evidence:
    """The diary with another request, though with the same answer."""
    done = [one for one in of.exchanges if one.done and one.sent["sent"] == what][-1]
    altered = Exchange(done.sent | changed, done.answered)
    return replace(of, exchanges=tuple(altered if one is done else one for one in of.exchanges))


def answered_again(of: Evidence) -> Evidence:
    """The diary with a second answer to one key, which is another one."""
    done = next(one for one in of.exchanges if one.done and one.sent["sent"] == "issue")
    return replace(of, exchanges=(*of.exchanges, Exchange(done.sent, done.answered | {"order": "another"})))


def without_purchase(of: Evidence) -> Evidence:
    """The diary as if somebody else had bought something."""
    done = next(one for one in of.exchanges if one.done and one.sent["sent"] == "renew")
    return replace(of, exchanges=tuple(one for one in of.exchanges if one.sent.get("key") != done.sent["key"]))


def said_good(of: Evidence) -> Evidence:
    """The diary with a good word for a serial that nobody has."""
    done = next(one for one in of.exchanges if one.done and one.sent["sent"] == "ocsp")
    return replace(of, exchanges=(*of.exchanges, Exchange(done.sent | {"serial": "abc"}, done.answered | {"said": "GOOD"})))


def signed_twice(of: Evidence) -> Evidence:
    """The witness saw everything a second time."""
    return replace(of, signed=of.signed * 2)


def an_hour_later(of: Evidence) -> Evidence:
    """Asked when every lease has run out."""
    return replace(of, words=tuple(replace(word, at=word.at + timedelta(hours=1)) for word in of.words))


TAMPERED = (
    Tampered("each answered purchase is in the books, for the keys sent", f"DELETE FROM record WHERE id = {A_PAIR}"),
    Tampered("each answered purchase is in the books, for the keys sent", "UPDATE certificate_order SET state = 'released'"),
    Tampered("each answered purchase is in the books, for the keys sent", "UPDATE certificate_order SET idempotency_key = id"),
    Tampered(
        "each answered purchase is in the books, for the keys sent",
        otherwise=lambda of: exchanges(of, "issue", certificates=["0", "1"]),
    ),
    Tampered(
        "each answered purchase is in the books, for the keys sent", otherwise=lambda of: sent(of, "issue", spki=["0", "1"])
    ),
    Tampered(
        "each answered revocation is in the books", "UPDATE record SET state = 'issued' WHERE revocation_reason IS NOT NULL"
    ),
    Tampered("each answered revocation is in the books", "UPDATE record SET revocation_reason = 'certificateHold'"),
    Tampered("each answered revocation is in the books", otherwise=lambda of: exchanges(of, "revoke", status=503)),
    Tampered("each token given is in the books", "DELETE FROM oauth_token WHERE kind = 'refresh'"),
    Tampered("what was answered is found again", otherwise=lambda of: exchanges(of, "query", ids=[])),
    Tampered("what was answered is found again", otherwise=lambda of: exchanges(of, "retrieve", id="0")),
    Tampered("no key answered twice differently", otherwise=answered_again),
    Tampered("nothing bought but what was answered; all answered in the end", otherwise=without_purchase),
    Tampered(
        "nothing bought but what was answered; all answered in the end",
        otherwise=lambda of: replace(of, exchanges=tuple(replace(one, answered={}) for one in of.exchanges)),
    ),
    Tampered("nobody was answered 500", otherwise=lambda of: exchanges(of, "query", status=500)),
    Tampered("each signature has its intent, audit row and end", f"DELETE FROM certificate WHERE serial = {A_HALF}"),
    Tampered("each signature has its intent, audit row and end", "DELETE FROM journal WHERE kind = 'certificate.intended'"),
    Tampered("each signature has its intent, audit row and end", f"UPDATE certificate SET der = NULL WHERE serial = {A_HALF}"),
    Tampered(
        "each signature has its intent, audit row and end", f"UPDATE certificate SET tbs_sha256 = '0' WHERE serial = {A_HALF}"
    ),
    Tampered("each signature has its intent, audit row and end", otherwise=signed_twice),
    Tampered("each certificate's signature was witnessed", otherwise=lambda of: replace(of, signed=of.signed[:2])),
    Tampered(
        "each certificate's signature was witnessed",
        otherwise=lambda of: replace(of, signed=tuple(replace(one, signature=bytes(384)) for one in of.signed)),
    ),
    Tampered("each list's number was reserved and signed once", f"DELETE FROM crl WHERE number = {LAST_LIST}"),
    Tampered("each list's number was reserved and signed once", "DELETE FROM journal WHERE kind = 'crl.intended'"),
    Tampered("each list's number was reserved and signed once", otherwise=signed_twice),
    Tampered("no serial twice", f"UPDATE ocsp_responder SET serial = {A_HALF}"),
    Tampered("pairs whole, intents settled", f"DELETE FROM certificate WHERE serial = {A_HALF}"),
    Tampered("pairs whole, intents settled", f"UPDATE record SET state = 'intended' WHERE id = {A_PAIR}"),
    Tampered("pairs whole, intents settled", f"UPDATE record SET settled = 1 WHERE id = {A_PAIR}"),
    Tampered("pairs whole, intents settled", f"UPDATE record SET signing_serial = '1' WHERE id = {A_PAIR}"),
    Tampered("pairs whole, intents settled", "UPDATE record SET superseded_by = id WHERE superseded_by IS NOT NULL"),
    Tampered(
        "certificates are those intended, and verify",
        f"UPDATE certificate SET der = (SELECT der FROM certificate WHERE der IS NOT NULL AND serial <> {A_HALF} LIMIT 1) "
        f"WHERE serial = {A_HALF}",
    ),
    Tampered(
        "certificates are those intended, and verify",
        f"UPDATE certificate SET der = CAST(substr(der, 1, length(der) - 1) || x'00' AS BLOB) WHERE serial = {A_HALF}",
    ),
    Tampered("ledger balanced", "UPDATE ledger_balance SET available = available + 1"),
    Tampered("ledger balanced", "UPDATE ledger_movement SET amount = amount + 1 WHERE kind = 'capture'"),
    Tampered("ledger balanced", "UPDATE ledger_movement SET credit_ledger = 'cash' WHERE kind = 'capture'"),
    Tampered("each order charged once or given back", "DELETE FROM ledger_movement WHERE kind = 'capture'"),
    Tampered("each order charged once or given back", "UPDATE certificate_order SET state = 'authorized'"),
    Tampered("each order charged once or given back", "UPDATE certificate_order SET amount = amount + 1"),
    Tampered("each order charged once or given back", f"DELETE FROM record WHERE id = {A_PAIR}"),
    Tampered("journal chain whole", "UPDATE journal SET actor = 'nobody' WHERE position = 3"),
    Tampered("journal chain whole", "DELETE FROM journal WHERE position = 3"),
    Tampered("journal chain whole", "DELETE FROM journal WHERE position = (SELECT max(position) FROM journal)"),
    Tampered("journal tells of each record", "DELETE FROM journal WHERE kind = 'certificate.issued'"),
    Tampered("journal tells of each record", "DELETE FROM journal WHERE kind = 'certificate.revoked'"),
    Tampered("CRL agrees with the books, at each node", f"UPDATE record SET state = 'revoked' WHERE id = {A_PAIR}"),
    Tampered("CRL agrees with the books, at each node", "UPDATE record SET state = 'issued' WHERE state = 'revoked'"),
    Tampered("CRL agrees with the books, at each node", "UPDATE crl SET sha256 = '0'"),
    Tampered("lists only moved forward", f"UPDATE crl SET this_update = '2020-01-01 00:00:00.000000' WHERE number = {LAST_LIST}"),
    Tampered("OCSP agrees with the books, at each node", f"UPDATE record SET state = 'held' WHERE id = {A_PAIR}"),
    Tampered("OCSP never said good of what was not issued", otherwise=said_good),
    Tampered("feed of each account without gap or double", "DELETE FROM event WHERE position = 2"),
    Tampered("feed of each account without gap or double", f"DELETE FROM event WHERE position = {LAST_EVENT}"),
    Tampered("feed of each account without gap or double", "UPDATE event SET subject = 'record:0' WHERE position = 1"),
    Tampered("feed of each account without gap or double", "UPDATE event_head SET position = position + 1"),
    Tampered("each event reached the webhook, signed", otherwise=lambda of: replace(of, secret="another")),
    Tampered("each event reached the webhook, signed", otherwise=lambda of: replace(of, arrived=())),
    Tampered("each event reached the webhook, signed", f"DELETE FROM webhook_delivery WHERE event_id = {LAST_SENT}"),
    Tampered("each event reached the webhook, signed", "UPDATE webhook_delivery SET body = body || ' '"),
    Tampered("each event reached the webhook, signed", "UPDATE webhook_delivery SET state = 'failed'"),
    Tampered("each event reached the webhook, signed", "UPDATE webhook_delivery SET state = 'waiting'", an_hour_later),
    Tampered("each event reached the webhook, signed", "UPDATE webhook SET state = 'disabled'"),
    Tampered("invoices without gap, one for each movement", "DELETE FROM invoice WHERE sequence = 1"),
    Tampered("invoices without gap, one for each movement", "UPDATE invoice SET kind = 'note' WHERE kind = 'invoice'"),
    Tampered("invoices without gap, one for each movement", "UPDATE invoice_mark SET movement_id = 1"),
    Tampered(
        "invoices without gap, one for each movement",
        "UPDATE invoice SET movement_id = -1 WHERE kind = 'invoice' AND sequence = 1",
    ),
    Tampered("each payment credited once", "DELETE FROM top_up"),
    Tampered("each payment credited once", "UPDATE top_up SET state = 'waiting' WHERE state = 'received'"),
    Tampered("each payment credited once", "UPDATE ledger_movement SET reference = 'no' || id WHERE reference LIKE 'TU-%'"),
    Tampered("each payment credited once", otherwise=lambda of: exchanges(of, "announce", id="0")),
    Tampered("files of addresses whole or not at all", "DELETE FROM address_upload"),
    Tampered("files of addresses whole or not at all", "UPDATE address_upload SET state = 'checking'"),
    Tampered("files of addresses whole or not at all", "UPDATE mailbox_authority SET withdrawn_at = granted_at"),
    Tampered("files of addresses whole or not at all", "DELETE FROM mailbox_authority WHERE mailbox LIKE '%-7'"),
)


def test_a_run_under_faults_loses_nothing_and_does_nothing_twice(ran: Ran) -> None:
    assert ran.report.count == 0, report.text(ran.report)
    assert {"kill -9 a node", "kill -9 a worker process", "jump the clock"} <= set(ran.report.faults)
    assert answered(ran.report) >= LOAD


@pytest.mark.parametrize("tampered", TAMPERED, ids=lambda one: f"{one.check}-{one.sql or 'written'}"[:100])
def test_what_is_tampered_with_is_found(ran: Ran, tmp_path: Path, tampered: Tampered) -> None:
    evidence = ran.evidence
    if tampered.sql:
        books = tmp_path / "books.sqlite"
        shutil.copyfile(ran.books, books)
        with closing(sqlite3.connect(books)) as opened:
            assert opened.execute(tampered.sql).rowcount > 0
            opened.commit()
        evidence = replace(evidence, tables=of_sqlite(books))
    assert list(CHECKS[tampered.check](tampered.otherwise(evidence))) != []


def test_each_check_was_seen_to_find_something() -> None:
    assert {one.check for one in TAMPERED} == set(CHECKS)


def test_the_summary_shows_what_was_found(ran: Ran) -> None:
    found = replace(ran.report, findings=ran.report.findings | {"no serial twice": ["issuing gave the serial 1 2 times"]})
    lines = report.text(found).splitlines()
    assert any(line.split() == ["no", "serial", "twice", "1"] for line in lines)
    assert "issuing gave the serial 1 2 times" in report.text(found)
    assert "kill -9 a node" in report.text(found)
