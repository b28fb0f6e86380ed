"""Many revocations in the browser: the plan, the order, a pause, a second officer; and who can do none of it."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from directca.accounts.person import GRANTED, Role
from directca.db.engine import Database
from directca.journal import read
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk
from directca.revocation.bulk_model import JobState
from directca.vetting.approval_config import ApprovalConfig
from directca.web.console import selection_form
from tests.browser import forms
from tests.console import Desk, a_desk
from tests.visiting import EVERY_SCRIPT, post, sent, staff
from tests.world import ALICE, DOMAIN

REVOCATIONS, REPORTS = "/console/revocations", "/console/reports"
NEW, PROPOSALS = f"{REVOCATIONS}/new", "/console/proposals"
ASKED = {"domain": DOMAIN, "reason": "superseded", "text": "a drill"}


@pytest.fixture
def desk(database: Database) -> Desk:
    made = a_desk(database)
    for number, name in enumerate((ALICE, f"bob@{DOMAIN}", f"carol@{DOMAIN}")):
        made.world.issue(name, key=2 * number)
    return made


@pytest.fixture
def olga(desk: Desk) -> TestClient:
    return staff(desk, "olga", Role.OFFICER, name="Olga Officer")


def second_officers(desk: Desk) -> Desk:
    """The desk of an authority that wants a second officer for everything."""
    config = ApprovalConfig(deciders_bulk=2, deciders_ending=2, deciders_compromise=2)
    object.__setattr__(desk.console, "registration", replace(desk.console.registration, config=config))
    return desk


def planned(browser: TestClient, **asked: str) -> dict[str, str]:
    """The hidden fields of the form that orders what the page has just shown."""
    page = browser.get(NEW, params={**ASKED, **asked})
    assert page.status_code == 200, page.text
    return next(dict(form.fields) for form in forms(page.text) if form.action == NEW and form.method == "post")


def ordered(browser: TestClient, **asked: str) -> tuple[int, str]:
    answer = browser.post(NEW, data=planned(browser, **asked))
    return answer.status_code, answer.headers.get("location", "")


def status(desk: Desk, name: str = ALICE) -> str:
    return desk.world.history(name)[0].record.state.value


def test_what_would_become_of_it_is_shown_and_nothing_is_done(desk: Desk, olga: TestClient) -> None:
    page = olga.get(NEW, params=ASKED).text
    assert "<dt>Pairs of certificates</dt><dd>3</dd>" in page
    assert ALICE in page
    assert "Order it for 3 pairs" in page
    assert status(desk) == "issued"
    assert "Nothing was revoked in bulk." in olga.get(REVOCATIONS).text


def test_what_was_seen_is_ordered_and_watched(desk: Desk, olga: TestClient) -> None:
    code, where = ordered(olga)
    assert code == 303
    page = olga.get(where).text
    assert "3 of 3 are done." in page
    assert status(desk) == "revoked"
    listed = olga.get(REVOCATIONS).text
    assert f'href="{where}"' in listed
    assert 'data-head="By">Olga Officer</td>' in listed
    assert "person:" not in listed
    assert post(olga, where, step="pause", text="too late")[0] == 409


def test_an_order_for_other_pairs_than_were_seen_is_not_given(desk: Desk, olga: TestClient) -> None:
    fields = planned(olga)
    desk.world.issue(f"dave@{DOMAIN}", key=6)
    answer = olga.post(NEW, data=fields)
    assert (answer.status_code, "It means other pairs by now" in answer.text) == (400, True)
    assert status(desk) == "issued"
    for seen in ("", "[]", EVERY_SCRIPT):
        answer = olga.post(NEW, data={**planned(olga), "seen": seen})
        assert (answer.status_code, EVERY_SCRIPT in answer.text) == (400, False)
    assert status(desk) == "issued"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"domain": ""}, None),
        ({"domain": "a@example.org"}, "domain"),
        ({"domain": "", "serials": "zz"}, "serials"),
        ({"text": " "}, "text"),
        ({"reason": "boredom"}, "reason"),
        ({"domain": "", "like": "*"}, "like"),
        ({"organization": "x" * 65}, "organization"),
    ],
)
def test_everybody_at_once_is_never_meant(olga: TestClient, asked: dict[str, str], field: str | None) -> None:
    page = olga.get(NEW, params={**ASKED, **asked})
    assert page.status_code == 400
    assert field is None or f'id="{field}-error"' in page.text
    assert "Order it for" not in page.text


def test_an_order_is_paused_resumed_and_cancelled(desk: Desk, olga: TestClient) -> None:
    jobs: list[str] = []
    object.__setattr__(desk.console, "begin_revocations", jobs.append)
    _, where = ordered(olga)
    ca, job = desk.world.revocation, jobs[0]
    assert post(olga, where, step="pause", text="")[0] == 400
    assert sent(olga, where, step="pause", text="wait") == where
    assert bulk.work(ca, job, holder="a").done == 0
    assert bulk.resume_all(ca, holder="a") == (), "upkeep leaves it alone"
    assert bulk.show(ca, job).state is JobState.PAUSED
    assert "Resume it" in olga.get(where).text
    sent(olga, where, step="resume", text="go on")
    assert jobs == [job, job]
    sent(olga, where, step="pause", text="wait once more")
    sent(olga, where, step="cancel", text="a mistake")
    assert bulk.show(ca, job).state is JobState.CANCELLED
    assert bulk.work(ca, job, holder="a").done == 3
    assert status(desk) == "issued"
    assert journalled(desk) == [
        *("bulk_revocation.ordered", "bulk_revocation.paused", "bulk_revocation.resumed"),
        *("bulk_revocation.paused", "bulk_revocation.cancelled"),
    ]


def journalled(desk: Desk) -> list[str]:
    with desk.console.database.read() as tx:
        return [one.event.kind for one in read.latest(tx, limit=100) if one.event.kind.startswith("bulk_revocation.")]


def test_a_pause_holds_while_somebody_works(desk: Desk, olga: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one who works looks before each commit."""
    monkeypatch.setattr(bulk, "_AT_ONCE", 1)
    jobs: list[str] = []
    object.__setattr__(desk.console, "begin_revocations", jobs.append)
    _, where = ordered(olga)

    def told(job: object) -> None:
        sent(olga, where, step="pause", text="wait")

    done = bulk.work(desk.world.revocation, jobs[0], holder="a", told=told)
    assert (done.done, done.state) == (1, JobState.PAUSED)


def test_a_second_officer_confirms_exactly_what_was_proposed(desk: Desk, olga: TestClient) -> None:
    second_officers(desk)
    assert "It is a proposal until 1 other officer confirms it." in olga.get(NEW, params=ASKED).text
    code, where = ordered(olga)
    assert (code, where.startswith(f"{PROPOSALS}/")) == (303, True)
    assert status(desk) == "issued"
    assert "Take it back" in olga.get(where).text
    own = dict(next(form for form in forms(olga.get(where).text) if "digest" in form.names()).fields)["digest"]
    assert post(olga, where, step="confirm", text="mine", digest=own)[0] == 403, "nobody confirms their own"
    otto = staff(desk, "otto", Role.OFFICER, name="Otto Officer")
    assert f'href="{where}"' in otto.get(PROPOSALS).text
    assert post(otto, where, step="confirm", text="well", digest="0" * 64)[0] == 409
    desk.world.issue(f"dave@{DOMAIN}", key=6)
    sent(otto, where, step="confirm", text="well", digest=own)
    assert (status(desk), status(desk, f"dave@{DOMAIN}")) == ("revoked", "issued")
    assert "the revocation" in otto.get(where).text


def test_a_proposal_is_refused_or_taken_back(desk: Desk, olga: TestClient) -> None:
    second_officers(desk)
    otto = staff(desk, "otto", Role.OFFICER, name="Otto Officer")
    _, one = ordered(olga)
    assert post(otto, one, step="refuse", text="")[0] == 400
    sent(otto, one, step="refuse", text=EVERY_SCRIPT)
    assert EVERY_SCRIPT not in olga.get(one).text
    _, other = ordered(olga)
    assert post(otto, other, step="withdraw", text="not mine")[0] == 403
    sent(olga, other, step="withdraw", text="a slip")
    assert "withdrawn" in olga.get(PROPOSALS).text
    assert status(desk) == "issued"


def test_the_end_of_an_organization_waits_for_a_second_officer_too(desk: Desk, olga: TestClient) -> None:
    second_officers(desk)
    end = f"/console/authority/organizations/{desk.world.organization_id}/end"
    assert "It is a proposal until 1 other officer confirms it." in olga.get(end).text
    where = sent(olga, end, text="it closed")
    assert where.startswith(f"{PROPOSALS}/")
    assert status(desk) == "issued"
    otto = staff(desk, "otto", Role.OFFICER, name="Otto Officer")
    seen = dict(next(form for form in forms(otto.get(where).text) if "digest" in form.names()).fields)["digest"]
    sent(otto, where, step="confirm", text="well", digest=seen)
    assert status(desk) == "revoked"


def test_who_has_not_the_role_sees_and_does_nothing(desk: Desk) -> None:
    for role in [None, *sorted(GRANTED - {Role.OFFICER, Role.AUDITOR})]:
        somebody = staff(desk, f"some-{role}", *([role] if role else []))
        hidden = [REVOCATIONS, NEW, f"{NEW}?domain={DOMAIN}&reason=superseded&text=x", REPORTS]
        for path in [*hidden, *([PROPOSALS] if role != Role.OPERATOR else [])]:
            answer = somebody.get(path)
            assert (answer.status_code, ALICE in answer.text) == (403, False), (role, path)
        assert post(somebody, NEW, **ASKED, seen="[]")[0] == 403
    assert status(desk) == "issued"


def test_an_auditor_reads_and_orders_nothing(desk: Desk, olga: TestClient) -> None:
    _, where = ordered(olga, domain="", serials=desk.world.history(ALICE)[0].record.signing_serial)
    kim = staff(desk, "kim", Role.AUDITOR)
    for path in (REVOCATIONS, where, PROPOSALS, REPORTS):
        shown = kim.get(path)
        assert shown.status_code == 200, path
        assert 'method="post"' not in shown.text.partition('<main id="main"')[2].partition("</main>")[0]
    assert NEW not in kim.get(REVOCATIONS).text
    assert post(kim, NEW, **ASKED, seen="[]")[0] == 403
    assert post(kim, where, step="cancel", text="x")[0] == 403
    assert status(desk, f"bob@{DOMAIN}") == "issued"


def test_an_order_asks_for_the_second_factor(desk: Desk, olga: TestClient) -> None:
    fields = planned(olga)
    desk.world.clock.advance(minutes=11)
    assert "/sign-in/second-factor?next=" in olga.get(NEW, params=ASKED).text
    answer = olga.post(NEW, data=fields)
    assert answer.headers["location"] == "/sign-in/second-factor?next=%2Fconsole%2Frevocations%2Fnew"
    assert status(desk) == "issued"


def test_each_reason_that_an_officer_may_give_can_be_chosen() -> None:
    assert {value for value, _ in selection_form.REASONS} == {one.value for one in RevocationReason} - {"aACompromise"}
