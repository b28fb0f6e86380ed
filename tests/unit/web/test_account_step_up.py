"""What decides who may use an account asks its administrators for their second factor anew, if they have one."""

import re

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from directca.accounts import invitation_store, people
from directca.accounts.person import Role
from directca.db.engine import Database
from directca.oauth import application_store, own_applications
from directca.oauth.application_store import application
from directca.oauth.own_applications import Wanted
from tests.billing import somebody
from tests.console import Desk, a_desk
from tests.visiting import post, sent, staff
from tests.website import CALLBACK

USERS, APPLICATIONS = "/console/users", "/console/api-applications"
WAY = "/sign-in/second-factor?next="


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def anna(desk: Desk) -> TestClient:
    """An administrator of the account, who has just shown a second factor."""
    return staff(desk, "anna", Role.ACCOUNT_ADMINISTRATOR, account_id=desk.world.account_id)


@pytest.fixture
def client_id(desk: Desk) -> str:
    who = somebody(desk.console.database, desk.world.clock, desk.world.account_id, Role.ACCOUNT_ADMINISTRATOR)
    return own_applications.create(desk.console.web.oauth, who, Wanted("Gateway", (CALLBACK,))).client.client_id


def maria(desk: Desk) -> str:
    (found,) = [one.id for one in people.people_of(desk.console.web.people, desk.world.account_id) if one.display_name == "Maria"]
    return found


def state(desk: Desk) -> object:
    """All that the forms below could change."""
    with desk.console.database.read() as tx:
        kept = [tuple(row) for table in (application, invitation_store.invitation) for row in tx.execute(select(table))]
    return kept, people.people_of(desk.console.web.people, desk.world.account_id)


def forms(desk: Desk, client_id: str) -> list[tuple[str, dict[str, str]]]:
    user, client = f"{USERS}/{maria(desk)}", f"{APPLICATIONS}/{client_id}"
    return [
        (USERS, {"step": "invite", "email": "anna.second@clinic.example", "administrator": "yes"}),
        (client, {"step": "rotate", "overlap": "0", "confirmed": "yes"}),
        (client, {"step": "change", "name": "Other", "redirect_uris": "https://evil.example/"}),
        (client, {"step": "disable", "confirmed": "yes"}),
        (f"{APPLICATIONS}/new", {"name": "Mine", "redirect_uris": "https://evil.example/", "kind": "confidential"}),
        (user, {"step": "appoint", "confirmed": "yes"}),
        (user, {"step": "remove", "confirmed": "yes"}),
    ]


def test_with_a_factor_that_was_shown_long_ago_nothing_is_changed_and_the_page_leads_to_it(
    desk: Desk, anna: TestClient, client_id: str
) -> None:
    desk.world.clock.advance(minutes=11)
    before = state(desk)
    for path, fields in forms(desk, client_id):
        way = f"{WAY}{path.replace('/', '%2F')}"
        shown = anna.get(path)
        assert (shown.status_code, way in shown.text) == (200, True), path
        assert post(anna, path, **fields)[:2] == (303, way), (path, fields)
    assert state(desk) == before
    assert not re.search(r'id="client-secret"', anna.get(f"{APPLICATIONS}/{client_id}").text)


def test_with_a_fresh_one_everything_is_done(desk: Desk, anna: TestClient, client_id: str) -> None:
    desk.world.clock.advance(minutes=9)
    for path, fields in forms(desk, client_id):
        assert WAY not in anna.get(path).text
        before = state(desk)
        status, location, _ = post(anna, path, **fields)
        assert (status in (200, 303), WAY in location) == (True, False), (path, fields)
        assert state(desk) != before, (path, fields)


def test_whoever_has_no_factor_is_asked_for_none(desk: Desk, client_id: str) -> None:
    desk.person("nora", Role.ACCOUNT_ADMINISTRATOR)
    nora = desk.signed_in("nora")
    desk.world.clock.advance(minutes=11)
    assert WAY not in nora.get(USERS).text
    assert sent(nora, USERS, step="invite", email="new@clinic.example") == USERS
    sent(nora, f"{USERS}/{maria(desk)}", step="remove", confirmed="yes")
    rotated = post(nora, f"{APPLICATIONS}/{client_id}", step="rotate", overlap="0", confirmed="yes")
    assert (rotated[0], 'id="client-secret"' in rotated[2]) == (200, True)


def test_an_application_that_a_person_let_manage_the_account_shows_no_factor(
    desk: Desk, anna: TestClient, client_id: str
) -> None:
    """It cannot; letting it do so asked for one (docs/reference/permissions.md)."""
    desk.world.clock.advance(minutes=11)
    (found,) = [one for one in people.people_of(desk.console.web.people, desk.world.account_id) if one.username == "anna"]
    who = somebody(desk.console.database, desk.world.clock, desk.world.account_id, Role.ACCOUNT_ADMINISTRATOR)
    assert found.id != who.person_id
    made = own_applications.rotate(desk.console.web.oauth, type(who)(found.account_id, found.id, "client:portal"), client_id)
    with desk.console.database.read() as tx:
        assert application_store.of_account(tx, found.account_id, client_id) == made.client
