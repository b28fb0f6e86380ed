"""Webhooks in the console: made, verified, tried out, changed, their log, and what nobody can."""

import re

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from directca.accounts.people_store import person
from directca.db.engine import Database
from directca.notices import webhook_log, webhooks
from directca.notices.deliver import Dispatcher
from directca.notices.model import Subscriber
from directca.notices.webhook_model import Answered, Delivery, Outcome, Webhook, WebhookState
from tests.console import Desk, a_desk
from tests.notice_calls import Echo
from tests.people import USERNAME
from tests.visiting import EVERY_SCRIPT, an_account, post, sent

LIST = "/console/webhooks"
URL = "https://hooks.example.org/directca"


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def maria(desk: Desk) -> TestClient:
    return desk.signed_in()


def ours(desk: Desk) -> Subscriber:
    return Subscriber("client:console", desk.world.account_id, "console")


def made(desk: Desk, browser: TestClient, **fields: str) -> Webhook:
    status, _, text = post(browser, f"{LIST}/new", url=URL, **fields)
    assert status == 200, text
    return webhooks.listed(desk.console.webhooks.notices, ours(desk))[-1]


def echo(desk: Desk) -> Echo:
    found = desk.console.webhooks.poster
    assert isinstance(found, Echo)
    return found


def send(desk: Desk) -> None:
    dispatcher = Dispatcher(desk.console.webhooks, "here:1", lambda error, _one: None)
    while dispatcher.turn(1.0):
        pass
    dispatcher.stop()


def deliveries(desk: Desk, about: Webhook) -> tuple[Delivery, ...]:
    return webhook_log.deliveries(desk.console.webhooks.notices, ours(desk), about.id)


def test_from_nothing_to_a_webhook_that_was_tried_out(desk: Desk, maria: TestClient) -> None:
    assert "You have no webhook yet." in maria.get(LIST).text
    status, _, text = post(maria, f"{LIST}/new", url=URL, **{"certificate.revoked": "yes"})
    (secret,) = re.findall(r"whsec_[0-9a-f]{64}", text)
    assert status == 200
    (one,) = webhooks.listed(desk.console.webhooks.notices, ours(desk))
    page = maria.get(f"{LIST}/{one.id}").text
    assert "Nothing is sent yet." in page
    assert secret not in page
    assert one.kinds == ("certificate.revoked",)
    here = f"{LIST}/{one.id}"
    assert sent(maria, f"{here}/verify") == here
    assert sent(maria, here, step="test") == here
    send(desk)
    (delivery,) = deliveries(desk, one)
    shown = maria.get(f"{here}/deliveries/{delivery.id}").text
    assert "It arrived." in shown
    assert sent(maria, f"{here}/deliveries/{delivery.id}") == f"{here}/deliveries/{delivery.id}"
    send(desk)
    assert [one.tries for one in deliveries(desk, one)] == [2]


def test_a_challenge_that_is_not_answered_says_why(desk: Desk, maria: TestClient) -> None:
    one = made(desk, maria)
    echo(desk).answers = Answered(Outcome.ADDRESS_REFUSED)
    status, _, text = post(maria, f"{LIST}/{one.id}/verify")
    assert status == 403
    assert "leads to an address that is not public" in text
    status, _, text = post(maria, f"{LIST}/{one.id}/verify")
    assert status == 429
    assert "Wait" in text


def test_a_bad_address_stands_beside_its_field_with_what_was_chosen(maria: TestClient) -> None:
    status, _, text = post(maria, f"{LIST}/new", url=f"http://10.0.0.1/{EVERY_SCRIPT}", **{"domain.verified": "yes"})
    assert status == 400
    assert EVERY_SCRIPT not in text
    assert 'aria-invalid="true"' in text
    assert re.search(r'id="domain.verified"[^>]* checked', text)


def test_each_step_is_asked_about_first(desk: Desk, maria: TestClient) -> None:
    one = made(desk, maria)
    here, notices = f"{LIST}/{one.id}", desk.console.webhooks.notices
    sent(maria, f"{here}/verify")
    for step in ("rotate", "disable", "delete"):
        status, _, text = post(maria, here, step=step)
        assert status == 200
        assert "undone" in text
        assert webhooks.shown(notices, ours(desk), one.id).state is WebhookState.ACTIVE
        assert webhooks.shown(notices, ours(desk), one.id).sealed == one.sealed
    _, _, text = post(maria, here, step="rotate", confirmed="yes")
    assert "whsec_" in text
    assert sent(maria, here, step="disable", confirmed="yes") == here
    assert "You switched it off." in maria.get(here).text
    assert post(maria, here, step="test")[0] == 409
    assert post(maria, here, step="nothing")[0] == 400
    assert sent(maria, here, step="delete", confirmed="yes") == LIST
    assert maria.get(here).status_code == 404


def test_it_is_changed(desk: Desk, maria: TestClient) -> None:
    one = made(desk, maria)
    here = f"{LIST}/{one.id}"
    sent(maria, f"{here}/verify")
    assert sent(maria, f"{here}/change", url=URL, **{"case.decided": "yes"}) == here
    assert webhooks.shown(desk.console.webhooks.notices, ours(desk), one.id).kinds == ("case.decided",)
    sent(maria, f"{here}/change", url=f"{URL}/other")
    assert "Nothing is sent yet." in maria.get(here).text


def test_what_a_receiver_answers_is_shown_and_does_nothing(desk: Desk, maria: TestClient) -> None:
    one = made(desk, maria)
    here = f"{LIST}/{one.id}"
    sent(maria, f"{here}/verify")
    sent(maria, here, step="test")
    echo(desk).answers = Answered(Outcome.REFUSED, 500, EVERY_SCRIPT.encode())
    send(desk)
    assert "Nothing has arrived" in maria.get(here).text
    (delivery,) = deliveries(desk, one)
    text = maria.get(f"{here}/deliveries/{delivery.id}").text
    assert EVERY_SCRIPT not in text
    assert "&lt;script&gt;" in text


def test_nobody_reaches_another_accounts(desk: Desk, maria: TestClient) -> None:
    one = made(desk, maria)
    here = f"{LIST}/{one.id}"
    sent(maria, f"{here}/verify")
    sent(maria, here, step="test")
    (delivery,) = deliveries(desk, one)
    desk.person("stranger", account_id=an_account(desk, "Other"))
    stranger = desk.signed_in("stranger")
    assert URL not in stranger.get(LIST).text
    for path in (here, f"{here}/change", f"{here}/verify", f"{here}/deliveries/{delivery.id}"):
        assert stranger.get(path).status_code == 404
        assert post(stranger, path, url=URL, step="delete", confirmed="yes")[0] == 404
    assert webhooks.shown(desk.console.webhooks.notices, ours(desk), one.id).state is WebhookState.ACTIVE


def test_letters_are_chosen_by_each_for_themselves(desk: Desk, maria: TestClient) -> None:
    letters = "/console/letters"
    assert "No address of yours is known." in maria.get(letters).text
    assert post(maria, letters, **{"certificate.issued": "yes"})[0] == 400
    with desk.world.database.write() as tx:
        tx.execute(update(person).where(person.c.username == USERNAME).values(email="maria@clinic.example"))
    assert sent(maria, letters, **{"certificate.issued": "yes"}) == letters
    text = maria.get(letters).text
    assert "Write to maria@clinic.example about" in text
    assert re.search(r'id="certificate.issued"[^>]* checked', text)
    assert not re.search(r'id="certificate.revoked"[^>]* checked', text)
    desk.person("nina")
    assert "No address of yours is known." in desk.signed_in("nina").get(letters).text
