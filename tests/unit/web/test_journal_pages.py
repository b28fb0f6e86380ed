"""The journal in the browser, for auditors alone: filters, paging, the chain, verification, copies; and how everything stands."""

import csv
import io
import json
from dataclasses import fields

import pytest
from sqlalchemy import delete, update
from starlette.testclient import TestClient

from directca.accounts import audit
from directca.accounts.person import GRANTED, Role
from directca.certificates import switch
from directca.db import nodes
from directca.db.engine import Database
from directca.db.nodes import Node
from directca.journal import read, verification
from directca.journal.chain import GENESIS, digest
from directca.journal.csv_rows import HEAD
from directca.journal.errors import NoSuchRow
from directca.journal.model import Event, Row, Wanted
from directca.journal.record import append
from directca.journal.store import journal
from directca.revocation import crl
from directca.web.console import policy_words
from tests.console import Desk, a_desk
from tests.visiting import EVERY_SCRIPT, post, sent, staff

JOURNAL = "/console/journal"
WALK, COPY = f"{JOURNAL}/verification", f"{JOURNAL}/copy"
STATE = ["/console/state", "/console/policy", "/console/prices", "/console/settings"]


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def kim(desk: Desk) -> TestClient:
    return staff(desk, "kim", Role.AUDITOR)


def write(desk: Desk, *events: Event) -> None:
    with desk.console.database.write() as tx:
        append(tx, *events, at=desk.world.clock.now())


def rows(desk: Desk, wanted: Wanted | None = None) -> list[Row]:
    with desk.console.database.read() as tx:
        return list(read.before(tx, wanted or Wanted(), None, limit=1000))


def listed(page: str) -> list[int]:
    return [int(part.partition('"')[0]) for part in page.split('href="/console/journal/rows/')[1:]]


def test_rows_are_found_by_what_they_say(desk: Desk, kim: TestClient) -> None:
    write(desk, Event("test.done", "person:a%b", "thing:1", account_id="acc-1"), Event("testing.done", "person:a%b2", "thing:12"))
    first, second = (one.position for one in sorted(rows(desk, Wanted(actor="person:a%b")), key=lambda one: one.position))
    today = desk.world.clock.now().strftime("%Y-%m-%d")
    for filters, expected in (
        ({"kind": "test."}, [first]),
        ({"kind": "test"}, [second, first]),
        ({"actor": "person:a%"}, [second, first]),
        ({"actor": "person:a_"}, []),
        ({"subject": "thing:1"}, [first]),
        ({"account": "acc-1"}, [first]),
        ({"kind": "test", "since": today, "until": today}, [second, first]),
        ({"kind": "test", "until": "2000-01-01"}, []),
        ({"kind": "test", "since": "2999-01-01"}, []),
    ):
        page = kim.get(JOURNAL, params=filters)
        assert (page.status_code, listed(page.text)) == (200, expected), filters
    wrong = kim.get(JOURNAL, params={"since": "yesterday"})
    assert (wrong.status_code, 'id="since-error"' in wrong.text) == (400, True)


def test_paging_shows_every_row_once(desk: Desk, kim: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST", 7)
    expected = [one.position for one in rows(desk)]
    found, where = [], kim.get(JOURNAL).text
    while True:
        found += listed(where)
        _, further, rest = where.partition('rel="next" href="')
        if not further:
            break
        write(desk, Event("test.late", "system:test", "thing:1"))
        where = kim.get(rest.partition('"')[0].replace("&amp;", "&")).text
    assert found == expected


@pytest.mark.tampers
def test_a_row_says_how_it_stands_in_the_chain(desk: Desk, kim: TestClient) -> None:
    last = rows(desk)[0].position
    page = kim.get(f"{JOURNAL}/rows/{last - 1}").text
    assert page.count('class="pill good"') == 4
    with desk.console.database.write() as tx:
        tx.execute(update(journal).where(journal.c.position == last - 1).values(actor="person:nobody"))
    page = kim.get(f"{JOURNAL}/rows/{last - 1}").text
    assert '<span class="pill bad">altered</span>' in page
    assert "there is none yet" in kim.get(f"{JOURNAL}/rows/{last}").text
    beyond = kim.get(f"{JOURNAL}/rows/{last + 1}")
    assert NoSuchRow(f"The journal has no row {last + 1}.").detail in beyond.text
    for nothing in (str(last + 1), "0", "-1", "x", "9" * 30):
        assert kim.get(f"{JOURNAL}/rows/{nothing}").status_code == 404


def test_the_whole_journal_is_verified_in_stretches_and_goes_on_after_a_death(desk: Desk, kim: TestClient) -> None:
    assert sent(kim, WALK) == WALK
    (walk,) = desk.walks
    page = kim.get(WALK).text
    assert "Under way" in page
    assert 'method="post" action="/console/journal/verification"' not in page, "nothing to press while it moves"
    desk.world.clock.advance(seconds=61)
    assert "Go on with it" in kim.get(WALK).text
    sent(kim, WALK)
    assert desk.walks == [walk, walk]
    done = verification.walk(desk.console.database, desk.console.clock, walk, rows=3)
    assert done.finished_at is not None
    assert done.problems == ()
    assert '<span class="pill good">whole</span>' in kim.get(WALK).text
    verdict = rows(desk, Wanted(kind="journal.verified"))[0].event
    assert (verdict.outcome, verdict.detail["rows"]) == ("success", done.position)


@pytest.mark.tampers
@pytest.mark.parametrize("harm", ["altered", "removed", "cut"])
def test_a_verification_finds_what_was_done_to_the_journal(desk: Desk, kim: TestClient, harm: str) -> None:
    last = rows(desk)[0].position
    with desk.console.database.write() as tx:
        if harm == "altered":
            tx.execute(update(journal).where(journal.c.position == 3).values(subject="thing:other"))
        else:
            tx.execute(delete(journal).where(journal.c.position == (3 if harm == "removed" else last)))
    sent(kim, WALK)
    done = verification.walk(desk.console.database, desk.console.clock, desk.walks[0], rows=2)
    assert done.problems
    assert '<span class="pill bad">broken</span>' in kim.get(WALK).text
    assert rows(desk, Wanted(kind="journal.verified"))[0].event.outcome == "journal_broken"


def test_a_copy_holds_what_was_asked_for_and_no_formula(desk: Desk, kim: TestClient) -> None:
    for name in ("=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1"):
        write(desk, Event("test.named", name, f"thing:{name}", detail={"name": name}))
    fields_ = {"kind": "test.named", "form": "csv"}
    answer = post(kim, COPY, **fields_)
    table = list(csv.reader(io.StringIO(answer[2])))
    assert tuple(table[0]) == HEAD
    assert len(table) == 8
    for line in table[1:]:
        for cell in line:
            assert not cell.lstrip(" ").startswith(tuple("=+-@\t\r\n＝＋－＠")), cell
    lines = [json.loads(one) for one in post(kim, COPY, kind="test.named", form="jsonl")[2].splitlines()]
    assert [one["actor"] for one in lines][-1] == "=1+1"
    told = [one.event for one in rows(desk, Wanted(kind="journal.copied"))]
    assert [(one.detail["form"], one.detail["rows"], one.detail["kind"]) for one in told] == [
        ("jsonl", 7, "test.named"),
        ("csv", 7, "test.named"),
    ]
    assert post(kim, COPY, form="xml")[0] == 400


def test_json_lines_let_the_reader_check_the_chain(desk: Desk, kim: TestClient) -> None:
    lines = [json.loads(one) for one in post(kim, COPY, form="jsonl")[2].splitlines()]
    by_position = {one.position: one for one in rows(desk)}
    for line, newer in zip(lines[1:], lines, strict=False):
        row = by_position[line["position"]]
        assert digest(line["previous_digest"], line["position"], row.at, row.event) == line["digest"]
        assert newer["previous_digest"] == line["digest"]


def test_only_auditors_see_the_journal(desk: Desk) -> None:
    for role in [None, *sorted(GRANTED - {Role.AUDITOR})]:
        somebody = staff(desk, f"some-{role}", *([role] if role else []))
        for path in (JOURNAL, f"{JOURNAL}/rows/1", WALK, COPY):
            answer = somebody.get(path)
            assert answer.status_code == 403, (role, path)
            assert GENESIS not in answer.text
        assert post(somebody, COPY, form="csv")[0] == 403
        assert post(somebody, WALK)[0] == 403
    assert rows(desk, Wanted(kind="journal.")) == []
    assert desk.walks == []


def test_what_rows_say_is_text(desk: Desk, kim: TestClient) -> None:
    write(desk, Event(EVERY_SCRIPT, EVERY_SCRIPT, EVERY_SCRIPT, outcome=EVERY_SCRIPT, detail={EVERY_SCRIPT: [EVERY_SCRIPT]}))
    for path in (JOURNAL, f"{JOURNAL}/rows/{rows(desk)[0].position}"):
        assert EVERY_SCRIPT not in kim.get(path).text
    for name in ("since", "until", "kind", "actor", "subject", "account", "before"):
        for path in (JOURNAL, COPY):
            assert EVERY_SCRIPT not in kim.get(path, params={name: f'">{EVERY_SCRIPT}'}).text


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.OPERATOR])
def test_what_is_in_force_is_shown(desk: Desk, role: Role) -> None:
    policy = desk.world.revocation.policy
    with desk.console.database.write() as tx:
        now = desk.world.clock.now()
        nodes.enter(tx, Node("west", "1", "0.1", "a" * 64, now, now))
        nodes.enter(tx, Node("east", "1", "0.1", "b" * 64, now, now))
    with desk.console.database.read() as tx:
        lists = crl.lists(tx)
    for of in lists:
        crl.produce(desk.world.revocation, of, actor="system:test")
    anna = staff(desk, "anna", role)
    shown = {path: anna.get(path).text for path in STATE}
    assert policy.sha256 in shown["/console/policy"]
    assert "9" in shown["/console/policy"]
    assert "$35.00" in shown["/console/prices"]
    assert "8600" in shown["/console/settings"]
    for part in ("west", "east", "They do not agree.", "fresh", "Signing goes on."):
        assert part in shown["/console/state"]
    with desk.console.database.write() as tx:
        switch.stop(tx, at=desk.world.clock.now(), by="operator:ann", reason=EVERY_SCRIPT)
    stopped = anna.get("/console/state").text
    assert "Signing is stopped" in stopped
    assert EVERY_SCRIPT not in stopped


def test_nobody_else_sees_what_is_in_force(desk: Desk) -> None:
    for role in [None, *sorted(GRANTED - {Role.ADMINISTRATOR, Role.AUDITOR, Role.OPERATOR})]:
        somebody = staff(desk, f"some-{role}", *([role] if role else []))
        for path in STATE:
            answer = somebody.get(path)
            assert (answer.status_code, desk.world.revocation.policy.sha256 in answer.text) == (403, False), (role, path)


def test_each_number_of_the_policy_has_its_meaning(desk: Desk) -> None:
    parts = policy_words.parts_of(desk.world.revocation.policy)
    assert parts.keys() == policy_words.MEANINGS.keys()
    for title, part in parts.items():
        named = {one.name for one in fields(part)} - ({"domains", "notices"} if title == "Rules" else set())
        assert named == policy_words.MEANINGS[title].keys(), title
